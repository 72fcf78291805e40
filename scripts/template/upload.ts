import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3'

/** A place in a bucket, as `s3://BUCKET[/PREFIX]` names it. */
export interface Place {
  readonly bucket: string
  /** Ends with a slash, unless it is empty. */
  readonly prefix: string
}

const places = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*))?$/

/** Reads `s3://BUCKET[/PREFIX]`; nothing if it is no such thing. */
export function placeOf(text: string): Place | undefined {
  const [, bucket, path = ''] = places.exec(text) ?? []
  if (bucket === undefined) return undefined
  const parts = path.split('/').filter((part) => part !== '')
  return { bucket, prefix: parts.map((part) => `${part}/`).join('') }
}

/** Whose credentials, and where the bucket is; unless given, what the SDK finds in environment and files. */
export interface Account {
  readonly profile: string | undefined
  readonly region: string | undefined
}

/**
 * Puts objects into a bucket, and resolves to what became of each: `uploaded`, or `there` if it had this
 * content already. Throws before it replaces any other content, and the SDK's own errors.
 */
export async function upload(what: {
  bucket: string
  objects: ReadonlyMap<string, Uint8Array>
  account: Account
}): Promise<ReadonlyMap<string, 'uploaded' | 'there'>> {
  const { bucket, objects, account } = what
  const { profile, region } = account
  const client = new S3Client({ ...(profile && { profile }), ...(region && { region }) })
  const outcomes = new Map<string, 'uploaded' | 'there'>()
  try {
    for (const [key, content] of objects) outcomes.set(key, await putOnce({ client, bucket, key, content }))
  } finally {
    client.destroy()
  }
  return outcomes
}

interface Putting {
  readonly client: S3Client
  readonly bucket: string
  readonly key: string
  readonly content: Uint8Array
}

/** S3 itself refuses the second writer, so that two releases at once do not mix. */
async function putOnce({ client, bucket, key, content }: Putting): Promise<'uploaded' | 'there'> {
  const ContentType = key.endsWith('.json') ? 'application/json' : 'application/zip'
  const object = { Bucket: bucket, Key: key }
  try {
    await client.send(new PutObjectCommand({ ...object, Body: content, ContentType, IfNoneMatch: '*' }))
    return 'uploaded'
  } catch (error) {
    if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 412) throw error
  }
  const { Body } = await client.send(new GetObjectCommand(object))
  const found = (await Body?.transformToByteArray()) ?? new Uint8Array()
  if (Buffer.from(found).equals(content)) return 'there'
  throw new Error(
    `s3://${bucket}/${key} is there with another content, and is left alone: a release is never changed.`,
  )
}
