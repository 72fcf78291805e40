import { generationIn } from '../credentials/document.ts'
import type { Found } from '../credentials/survey.ts'
import { isMarkOf, isMarkOfRotation } from '../crypto/lineage.ts'
import type { ListedVersion } from '../ports/secrets.ts'
import type { Stored } from '../rotation/generations.ts'
import type { View } from './run.ts'

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

/** Versions without a label of Secrets Manager that are read, the youngest first. */
const mostRead = 20

/** Tells ours from strangers', and reports the strangers' credentials on the identity. */
export async function leftoversIn(view: View): Promise<readonly Leftover[]> {
  const { survey, current, pending, previous, secret } = view
  const { arn: secretArn } = secret
  // Where a token was replaced, its key may be in the list as well.
  const idsOf = (one: Stored | undefined) => one && [survey.find(one.document)?.id, one.document.id]
  const named = [idsOf(current), idsOf(pending)].flat()
  const superseded = previous && survey.find(previous.document)
  const isLeft = ({ id, isActive }: Found) => isActive && !named.includes(id)
  const left = superseded && isLeft(superseded) ? [leftBy({ found: superseded, stored: previous })] : []
  const others = survey.found.filter((found) => isLeft(found) && idsOf(previous)?.includes(found.id) !== true)
  if (others.length === 0 && !survey.isPartial) return left
  const versions = await view.run.secrets.listSecretVersionIds(secretArn)
  const [own, unknown] = partition(others, ({ lineage }) => isMarkOf(lineage, secretArn))
  const made = await Promise.all(own.map((found) => madeBy({ view, found, versions })))
  const { leftovers, known } = await namedByOlder({ view, unknown, versions, isLeft })
  for (const found of unknown) if (!known.has(found.id)) reportStranger({ view, found })
  return [...left, ...made, ...leftovers]
}

function reportStranger({ view, found }: { view: View; found: Found }): void {
  const { id: credId, name, created, lineage } = found
  if (isKnown({ view, found })) return
  const { arn: secretArn } = view.secret
  const by = lineage === undefined ? {} : { of: 'another secret of dfns-rotator' }
  const at = created?.toISOString()
  view.run.findings.report({ type: 'foreign-credential', secretArn, credId, name, created: at, ...by })
}

/** Of its signer, of another secret, or of a person, as the policy says. */
function isKnown({ view, found: { id, what } }: { view: View; found: Found }): boolean {
  const { survey, run, secret } = view
  if (survey.signers?.includes(id) === true) return true
  if (run.sharing.isKnownElsewhere({ id, secretArn: secret.arn })) return true
  // Whoever has a leaked key may register another one under an id that the policy names.
  const isAlone = 'credentialUuids' in what && what.credentialUuids.length < 2
  return isAlone && run.policy.knownCredentials?.includes(id) === true
}

function leftBy({ found, stored }: { found: Found; stored: Stored }): Leftover {
  const { document, version } = stored
  const known = { versionId: version.versionId, stored: version.created }
  return { found, credId: document.id, ...known, isPrevious: true, wasNeverCurrent: false }
}

/** What a rotation made: its mark tells which, and the dates of versions whether that was ever current. */
async function madeBy(of: {
  view: View
  found: Found
  versions: readonly ListedVersion[]
}): Promise<Leftover> {
  const { view, found, versions } = of
  const { arn: secretArn } = view.secret
  const isMaker = ({ versionId: token }: ListedVersion) =>
    isMarkOfRotation(found.lineage, { secretArn, token })
  const version = versions.find(isMaker)
  const common = { found, credId: found.id, isPrevious: false }
  if (version !== undefined && (await namesAnother({ view, found, version })))
    return { ...common, versionId: undefined, stored: undefined, wasNeverCurrent: true }
  const stored = version?.created
  const since = stored ?? found.created
  const wasNeverCurrent = since !== undefined && isLaterThanCurrent({ view, since })
  return { ...common, versionId: version?.versionId, stored, wasNeverCurrent }
}

/**
 * Every attempt of a createSecret makes an object of its own, and one of them was stored. The id of a
 * registered key, though, is that of its version alone.
 */
async function namesAnother(of: { view: View; found: Found; version: ListedVersion }): Promise<boolean> {
  const { view, found, version } = of
  if (found.noun === 'credential') return false
  // What AWSCURRENT is of is no leftover.
  if (version.versionId === view.current.version.versionId) return true
  const generation = await generationIn(view.inside.version(version.versionId))
  const named = generation && view.survey.find(generation.document)
  return named !== undefined && named.id !== found.id
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

/**
 * What has no mark, and an older version names: what a person made, and the keys that came with tokens. As
 * long as its token is active a key goes with that; afterwards it may still let somebody in as its user.
 */
async function namedByOlder(of: {
  view: View
  unknown: readonly Found[]
  versions: readonly ListedVersion[]
  isLeft: (found: Found) => boolean
}): Promise<{ leftovers: readonly Leftover[]; known: ReadonlySet<string> }> {
  const { view, unknown, versions, isLeft } = of
  const { survey } = view
  const leftovers: Leftover[] = []
  const known = new Set<string>()
  for (const { versionId, created: stored } of olderIn({ view, versions })) {
    if (unknown.every(({ id }) => known.has(id)) && !survey.isPartial) break
    const generation = await generationIn(view.inside.version(versionId))
    if (generation === undefined) continue
    const { id: credId } = generation.document
    const whole = survey.find(generation.document)
    const key = unknown.find(({ id }) => id === credId)
    const found = whole?.isActive === true ? whole : key
    const isNew = found?.lineage === undefined && found !== undefined && !known.has(found.id)
    if (isNew && isLeft(found))
      leftovers.push({ found, credId, versionId, stored, isPrevious: false, wasNeverCurrent: false })
    for (const one of [found, key]) if (one !== undefined) known.add(one.id)
  }
  return { leftovers, known }
}

/** The youngest without a label. What its rotation's mark is on needs no reading, but a token has a key. */
function olderIn(of: { view: View; versions: readonly ListedVersion[] }): readonly ListedVersion[] {
  const { arn: secretArn } = of.view.secret
  const marked = of.view.survey.found.filter(({ noun }) => noun !== 'personal access token')
  const isMarked = (token: string) =>
    marked.some(({ lineage }) => isMarkOfRotation(lineage, { secretArn, token }))
  return of.versions
    .filter(({ labels }) => !labels.some((label) => label.startsWith('AWS')))
    .filter(({ versionId }) => !isMarked(versionId))
    .toSorted((one, other) => (other.created?.getTime() ?? 0) - (one.created?.getTime() ?? 0))
    .slice(0, mostRead)
}

function partition<T>(all: readonly T[], test: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(test), all.filter((one) => !test(one))]
}
