type Whys = Readonly<Record<string, string>>

const everyOf = (why: string, calls: readonly string[]): Whys =>
  Object.fromEntries(calls.map((call) => [call, why]))

const signing = (action: string) => [
  `POST /auth/action/init for ${action}`,
  `POST /auth/action for ${action}`,
]
const byProof = (why: string) => everyOf(why, signing('PUT /auth/credentials/activate'))
const byListing = (why: string) => everyOf(why, signing('GET /auth/credentials'))
const login = ['POST /auth/login/init', 'POST /auth/login']

/** Of both kinds that are replaced whole; `list` is the call that lists them. */
const replaced = (list: string): Whys => ({
  'GetSecretValue AWSCURRENT': "the signer's secret: who may look at the old one and at the new one",
  ...everyOf('the signer looks at the old one and at the new one', login),
  'GET /auth/credentials': 'where Dfns shows it, the uuid to prove its key with',
  ...byListing('the new key is proved by a signature that is not spent'),
  [list]: 'which one is whose, and whether the new one has every permission',
})

const replacedCreate = (list: string): Whys => ({
  ...byListing('is the old token alive and its key accepted; and under which id Dfns accepts the new key'),
  [list]: 'the old one, its permissions, and what other attempts left',
  ...everyOf('a question without effect: may the signer make one, and give it its permissions', [
    'GET /permissions',
    'GET /permissions/pm-…/assignments',
  ]),
})

const replacedTest: Whys = {
  'GetSecretValue AWSCURRENT': "a test rotation is told by it; and the signer's, who may look at both",
}

const replacedRetire: Whys = {
  'GetSecretValue AWSCURRENT': 'a label may have moved: what AWSCURRENT names is not touched',
  ...byListing('AWSCURRENT is proved before and after the deactivation'),
}

const net = 'the net: what finishSecret has done is looked at, and whatever is left is done'

/**
 * Why a call is made beyond the least, by hand: way and phase, way alone, phase alone, or any → call → why.
 * The first of them that tells counts.
 */
export const reasons: Readonly<Record<string, Whys>> = {
  any: {
    'GetSecretValue AWSPENDING': 'a label may have moved: what AWSPENDING names is not touched',
    'GetSecretValue AWSCURRENT': 'a label may have moved: what AWSCURRENT names is not touched',
    'GET /v2/policy-approvals': 'what waits for an approval already is not asked for a second time',
  },
  createSecret: {
    'GetSecretValue AWSPENDING': 'a value that is there already is kept: a repeated step makes no second one',
    'GET /auth/credentials':
      'a question without effect: may it look at its credentials, and is it among them',
    'POST /auth/credentials/init': 'a question without effect: may it register a key',
    ...byProof('a question without effect: will the old key sign, and can it be deactivated later'),
    'PUT /auth/credentials/activate':
      'a question without effect: what may activate an active credential may deactivate it, too',
  },
  setSecret: {
    'GET /auth/credentials': 'a repeated step finds what it registered before, and makes no second one',
  },
  testSecret: {
    'GetSecretValue AWSCURRENT': 'a test rotation is told by it, and pending is to be of the same identity',
  },
  finishSecret: {
    'GET /auth/credentials': 'the uuids, which the schedule names in case that the version is gone by then',
    ...byProof('pending is proved once more, a moment before AWSCURRENT moves'),
  },
  retire: {
    GetSchedule: 'a later schedule of the same credential goes before this one',
    'GET /auth/action/logs': 'whether the old one signed within the last hour: a warning, or one more grace',
    'GET /auth/credentials': 'after the deactivation: is the credential of AWSCURRENT still active',
    ...byProof('AWSCURRENT is proved after the deactivation, which is taken back if it is refused'),
  },
  'ServiceAccountKey, self, grace PT0S finishSecret': {
    'GET /auth/credentials':
      'the uuids, which the schedule names; in the end, is the one of AWSCURRENT active',
    ...byProof('pending is proved a moment before AWSCURRENT moves, and once more after the deactivation'),
  },
  'ServiceAccountKey, self, grace PT0S retire': {
    ...everyOf(net, [
      'DescribeSecret',
      'GetParameter',
      'GetSecretValue AWSCURRENT',
      'GetSecretValue AWSPENDING',
      'GetSecretValue by id',
      'GET /auth/credentials',
    ]),
    ...byProof(net),
  },
  'ServiceAccountKey, replace': replaced('GET /auth/service-accounts'),
  'ServiceAccountKey, replace createSecret': {
    ...replacedCreate('GET /auth/service-accounts'),
    'GET /auth/credentials': 'asked first: may the account rotate its own key, without being replaced',
    'POST /auth/credentials/init': 'asked first: may the account rotate its own key, without being replaced',
    'GET /v2/policies': 'no policy may name the old account as an approver',
  },
  'ServiceAccountKey, replace testSecret': replacedTest,
  'ServiceAccountKey, replace retire': {
    ...replacedRetire,
    'GET /auth/service-accounts':
      'which one it is, and is it done; the new account is asked once: it may need no signer',
  },
  'PersonalAccessTokenKey, replace': replaced('GET /auth/pats'),
  'PersonalAccessTokenKey, replace createSecret': replacedCreate('GET /auth/pats'),
  'PersonalAccessTokenKey, replace testSecret': replacedTest,
  'PersonalAccessTokenKey, replace retire': {
    ...replacedRetire,
    'GET /auth/pats': 'which one it is, and is it done',
  },
  'PersonalAccessTokenKey, signer': {
    'POST /auth/credentials/init': 'whether the token may do it itself, which decides who signs',
    'POST /auth/action/init for GET /auth/credentials':
      'a refusal of the token is told from a token that is dead',
    'GetSecretValue AWSCURRENT': "the signer's secret: its user looks at the credentials",
    ...everyOf('its user looks at the credentials', login),
  },
  'PersonalAccessTokenKey, signer createSecret': {
    'POST /auth/credentials/init': 'a question without effect: may the token, or its user, register a key',
    'POST /auth/action/init for GET /auth/credentials':
      'a token that is refused is told from one that is dead, and may a key of its user sign for it',
    'GetSecretValue AWSCURRENT': 'a question without effect: is the signer its user, and does its key log in',
    ...everyOf('a question without effect: is the signer its user, and does its key log in', login),
  },
  'PersonalAccessTokenKey, signer testSecret': {
    'GetSecretValue AWSCURRENT': 'a test rotation is told by it, and pending is to be of the same identity',
  },
  'PersonalAccessTokenKey, signer retire': {
    'GetSecretValue AWSCURRENT': 'a label may have moved: what AWSCURRENT names is not touched',
  },
  UserKey: {
    ...everyOf('a session: without one nothing can be asked', login),
  },
  'UserKey setSecret': {
    ...everyOf('the new key tries to log in: a repeated step finds it registered', login),
  },
  'WebhookSecret createSecret': {
    'GET /webhooks': 'how many there are, and which ones earlier attempts left',
    'GET /webhooks/wh-…': 'url, events and status of the current one, which the new one takes over',
    'GET /webhooks/wh-…/events':
      'a question without effect: may the signer see what is still to be delivered',
    ...everyOf('an update that changes nothing: may the signer update', [
      ...signing('PUT /webhooks/wh-…'),
      'PUT /webhooks/wh-…',
    ]),
  },
  'WebhookSecret setSecret': {
    'GET /webhooks': 'what other attempts of this rotation made is deleted',
    'GET /webhooks/wh-…': 'whether the current one is Enabled, and the new one already',
  },
  'WebhookSecret testSecret': {
    'GetSecretValue AWSCURRENT': 'a test rotation is told by it',
    'GET /webhooks/wh-…': 'whether the new one is there, and Enabled like the current one',
  },
  'WebhookSecret finishSecret': {
    'GetSecretValue AWSCURRENT': "the signer's secret",
    'GET /webhooks/wh-…': 'pending is looked at once more, a moment before AWSCURRENT moves',
  },
  'WebhookSecret retire': {
    'GET /webhooks/wh-…':
      'edits of the old one are copied, and the new one has to be there, before and after',
    'GET /webhooks/wh-…/events': 'what the old one still has to deliver, it delivers',
  },
}
