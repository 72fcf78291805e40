import type { Found } from '../credentials/survey.ts'
import { markOf } from '../crypto/lineage.ts'
import type { ListedVersion } from '../ports/secrets.ts'
import type { Stored } from '../rotation/generations.ts'
import { generationIn } from '../rotation/labels.ts'
import type { View } from './view.ts'

/** Something of ours that is active, and neither current nor pending. */
export interface Leftover {
  readonly found: Found
  /** What a document calls it: for a whole account, its key's id. */
  readonly credId: string
  /** The version that names it, if it is still there. */
  readonly versionId: string | undefined
  /** When that version was stored. */
  readonly stored: Date | undefined
  readonly isPrevious: boolean
  readonly wasNeverCurrent: boolean
}

/** Deprecated versions that are looked at for a credential that nobody knows, the youngest first. */
const mostRead = 20

/** Tells ours from strangers', and reports the strangers' credentials on the identity. */
export async function leftoversIn(view: View): Promise<readonly Leftover[]> {
  const { survey, current, pending, previous, secret } = view
  const { arn: secretArn } = secret
  const idOf = (one: Stored | undefined) => one && (survey.find(one.document)?.id ?? one.document.id)
  const named = [idOf(current), idOf(pending)]
  const superseded = previous && survey.find(previous.document)
  const isLeft = ({ id, isActive }: Found) => isActive && !named.includes(id)
  const left = superseded && isLeft(superseded) ? [leftBy({ found: superseded, stored: previous })] : []
  const others = survey.found.filter((found) => isLeft(found) && found.id !== superseded?.id)
  if (others.length === 0) return left
  const versions = await view.run.secrets.listSecretVersionIds(secretArn)
  const ours = markOf({ secretArn, token: '' }).secret
  const [own, unknown] = partition(others, ({ lineage }) => lineage?.secret === ours)
  const made = own.map((found) => madeBy({ view, found, versions }))
  const adopted = await adoptedAmong({ view, unknown, versions })
  for (const found of unknown) {
    if (adopted.some((leftover) => leftover.found === found)) continue
    const { id: credId, name, created, lineage } = found
    const by = lineage === undefined ? {} : { of: 'another secret of dfns-rotator' }
    const at = created?.toISOString()
    view.run.findings.report({ type: 'foreign-credential', secretArn, credId, name, created: at, ...by })
  }
  return [...left, ...made, ...adopted]
}

function leftBy({ found, stored }: { found: Found; stored: Stored }): Leftover {
  const { document, version } = stored
  const known = { versionId: version.versionId, stored: version.created }
  return { found, credId: document.id, ...known, isPrevious: true, wasNeverCurrent: false }
}

/** What a rotation made: its mark tells which, the dates of the versions whether that was ever current. */
function madeBy(of: { view: View; found: Found; versions: readonly ListedVersion[] }): Leftover {
  const { view, found, versions } = of
  const { arn: secretArn } = view.secret
  const { token } = found.lineage ?? { token: '' }
  const version = versions.find(({ versionId }) => markOf({ secretArn, token: versionId }).token === token)
  const stored = version?.created
  const since = stored ?? found.created
  const wasNeverCurrent = since !== undefined && isLaterThanCurrent({ view, since })
  const { versionId } = version ?? { versionId: undefined }
  return { found, credId: found.id, versionId, stored, isPrevious: false, wasNeverCurrent }
}

/**
 * Between AWSPREVIOUS and its successor no version was current, nor after both. A rollback makes the older of
 * two current: then only what is younger than either is certain.
 */
function isLaterThanCurrent({ view, since }: { view: View; since: Date }): boolean {
  const current = view.current.version.created?.getTime()
  const previous = view.previous?.version.created?.getTime()
  if (current === undefined) return false
  if (previous === undefined) return since.getTime() > current
  return since.getTime() > (previous < current ? previous : Math.max(previous, current))
}

/** Credentials without a mark that an older version names: a person made them, and we superseded them. */
async function adoptedAmong(of: {
  view: View
  unknown: readonly Found[]
  versions: readonly ListedVersion[]
}): Promise<readonly Leftover[]> {
  const { view, unknown, versions } = of
  const adopted: Leftover[] = []
  const older = versions
    .filter(({ labels }) => labels.length === 0)
    .toSorted((one, other) => (other.created?.getTime() ?? 0) - (one.created?.getTime() ?? 0))
    .slice(0, mostRead)
  for (const { versionId, created: stored } of older) {
    if (adopted.length === unknown.length) break
    const generation = await generationIn(view.inside.version(versionId))
    const found = generation && view.survey.find(generation.document)
    if (!found || !unknown.includes(found) || adopted.some((one) => one.found === found)) continue
    const credId = generation.document.id
    adopted.push({ found, credId, versionId, stored, isPrevious: false, wasNeverCurrent: false })
  }
  return adopted
}

function partition<T>(all: readonly T[], test: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(test), all.filter((one) => !test(one))]
}
