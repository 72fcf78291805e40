/** Whether an id stands in a text by itself, and not as a part of a longer one. */
export const standsIn = (text: string, id: string): boolean =>
  /[^\w-]/.test(id) ? text.includes(id) : text.split(/[^\w-]+/).includes(id)
