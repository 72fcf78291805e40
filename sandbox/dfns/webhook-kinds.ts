const kinds = {
  wallet: [
    'blockchainevent.detected',
    'blockchain_event.transfer.included',
    'created',
    'activated',
    'delegated',
    'exported',
    'tags.modified',
    ...['requested', 'failed', 'rejected', 'signed'].map((state) => `signature.${state}`),
    ...['requested', 'failed', 'rejected', 'broadcasted', 'confirmed'].flatMap((state) => [
      `transaction.${state}`,
      `transfer.${state}`,
    ]),
    ...['received', 'accepted', 'rejected', 'withdrawn'].map((state) => `offer.${state}`),
  ],
  key: ['created', 'deleted', 'delegated', 'exported'],
  policy: ['triggered', 'activity.resolved', 'approval.pending', 'approval.resolved'],
  payout: ['action.required'],
  swap: ['completed', 'failed'],
  vault: ['created', 'updated', 'tags.modified', 'event.created'],
  webhook: ['event.retry.triggered'],
  address_watch: ['blockchain_event.transfer.confirmed'],
}

/** The kinds of event that Dfns's newest guide lists. The list grows with every release of theirs. */
export const documentedKinds: ReadonlySet<string> = new Set(
  Object.entries(kinds).flatMap(([family, names]) => names.map((name) => `${family}.${name}`)),
)
