import { zipSync } from 'fflate'

/** An archive of one file; the same bytes for the same file, whenever and wherever it is made. */
export const zipped = ({ name, content }: { name: string; content: Uint8Array }): Uint8Array =>
  // The earliest day that the format knows. Its zip has no time zone, fflate's reader of dates has one.
  zipSync({ [name]: [content, { mtime: new Date(1980, 0, 1), level: 9 }] })
