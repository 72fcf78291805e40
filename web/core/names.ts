const longest = 128
const mark = / \[replaces (cr-[\w-]{1,61})\]$/

/** A credential's name at Dfns, taken apart. */
export interface ReadName {
  /** As the person wrote it. */
  readonly label: string
  /** The uuid of the passkey that this one was made to replace. */
  readonly replaces: string | undefined
}

/**
 * The name under which a passkey is registered. What it replaces stands in it, since a name is all that Dfns
 * keeps for us: whoever signs in anywhere finds an unfinished replacement, and the page stores nothing.
 */
export function markedName({ label, replaces }: { label: string; replaces: string }): string {
  return `${cleanLabel(label)} [replaces ${replaces}]`
}

export function readName(name: string): ReadName {
  const found = mark.exec(name)
  return { label: found === null ? name : name.slice(0, found.index), replaces: found?.[1] }
}

/** A person's own words as a name: without a mark of ours, of at most 128 characters, never empty. */
export function cleanLabel(label: string): string {
  const plain = readName(label.trim().replaceAll(/\s+/g, ' ')).label
  return plain.slice(0, longest).trim() || 'Passkey'
}
