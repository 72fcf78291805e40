import type { NewSecret, SimulatedKind, SimulatedSecret } from '../simulation/secrets.ts'

/** Of a thousand secrets. Webhooks are two, however many secrets there are: an organisation may have five. */
const mix: Readonly<Record<Exclude<SimulatedKind, 'webhook'>, number>> = {
  ServiceAccountKey: 675,
  PersonalAccessTokenKey: 150,
  UserKey: 100,
  'signed token': 60,
  'replaced token': 10,
  'replaced account': 5,
}

const kindsOfThousand = Object.entries(mix).flatMap(([kind, share]) =>
  Array.from({ length: share }, () => kind as SimulatedKind),
)

const strategies: Readonly<Partial<Record<SimulatedKind, string>>> = {
  'signed token': 'signer',
  'replaced account': 'replace',
}

/** The secret with a number. Neighbours differ; one in four holds what a person made. */
export function secretNumbered(given: {
  index: number
  signer: Pick<SimulatedSecret, 'arn' | 'userId'> | undefined
}): NewSecret {
  const { index, signer } = given
  // 389 is coprime to 1,000: every kind is spread over the whole of it.
  const kind = index < 2 ? 'webhook' : (kindsOfThousand[(index * 389) % 1_000] ?? 'ServiceAccountKey')
  const strategy = strategies[kind]
  return {
    name: `fleet/${String(index).padStart(5, '0')}`,
    kind,
    first: index % 4 === 1 ? 'adopted' : 'own',
    ...(strategy !== undefined && { tags: { 'dfns-rotator:strategy': strategy } }),
    // Accounts are replaced by one administrator, whose key is a secret, too.
    ...(kind === 'replaced account' && signer && { signer }),
  }
}
