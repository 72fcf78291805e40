/**
 * Why a call is made beyond the least, by hand: way and phase, way alone, phase alone, or any → call → why.
 * The first of them that tells counts.
 */
export const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  any: {
    'GetSecretValue AWSPENDING': 'a label may have moved: what AWSPENDING names is not touched',
    'GetSecretValue AWSCURRENT': 'a label may have moved: what AWSCURRENT names is not touched',
    'GET /v2/policy-approvals': 'what waits for an approval already is not asked for a second time',
    'GET /auth/credentials': 'the uuid of the credential, and whether it is still active',
  },
  createSecret: {
    'GetSecretValue AWSPENDING': 'a value that is there already is kept: a repeated step makes no second one',
    'GET /auth/credentials':
      'a question without effect: may it look at its credentials, and is it among them',
    'POST /auth/credentials/init': 'a question without effect: may it register a key',
    'POST /auth/action/init for PUT /auth/credentials/activate':
      'a question without effect: will the old key sign, and can it be deactivated later',
    'POST /auth/action for PUT /auth/credentials/activate':
      'a question without effect: will the old key sign, and can it be deactivated later',
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
    'POST /auth/action/init for PUT /auth/credentials/activate':
      'pending is proved once more, a moment before AWSCURRENT moves',
    'POST /auth/action for PUT /auth/credentials/activate':
      'pending is proved once more, a moment before AWSCURRENT moves',
  },
  retire: {
    GetSchedule: 'a later schedule of the same credential goes before this one',
    'GET /auth/action/logs': 'whether the old one signed within the last hour: a warning, or one more grace',
    'GET /auth/credentials': 'after the deactivation: is the credential of AWSCURRENT still active',
    'POST /auth/action/init for PUT /auth/credentials/activate':
      'AWSCURRENT is proved after the deactivation, which is taken back if it is refused',
    'POST /auth/action for PUT /auth/credentials/activate':
      'AWSCURRENT is proved after the deactivation, which is taken back if it is refused',
  },
  'ServiceAccountKey, replace': {
    'GetSecretValue AWSCURRENT': "the signer's secret: who may look at both accounts",
    'POST /auth/login/init': 'the signer looks at both accounts',
    'POST /auth/login': 'the signer looks at both accounts',
    'GET /auth/credentials': 'where Dfns lets the account look, the uuid to prove its key with',
    'POST /auth/action/init for GET /auth/credentials':
      'the new key is proved by a signature that is not spent',
    'POST /auth/action for GET /auth/credentials': 'the new key is proved by a signature that is not spent',
    'GET /auth/service-accounts': 'which account is whose, and whether the new one has every permission',
  },
  'ServiceAccountKey, replace createSecret': {
    'GET /auth/credentials': 'asked first: may the account rotate its own key, without being replaced',
    'POST /auth/credentials/init': 'asked first: may the account rotate its own key, without being replaced',
    'POST /auth/action/init for GET /auth/credentials':
      'is the old token alive and its key accepted; and under which id Dfns accepts the new key',
    'POST /auth/action for GET /auth/credentials':
      'is the old token alive and its key accepted; and under which id Dfns accepts the new key',
    'GET /auth/service-accounts': 'the old account, its permissions, and what other attempts left',
    'GET /permissions': 'a question without effect: may the signer make and deactivate accounts',
    'GET /permissions/pm-…/assignments':
      'a question without effect: may the signer make and deactivate accounts',
    'GET /v2/policies': 'no policy may name the old account as an approver',
  },
  'ServiceAccountKey, replace retire': {
    'GetSecretValue AWSCURRENT': 'a label may have moved: what AWSCURRENT names is not touched',
    'POST /auth/action/init for GET /auth/credentials':
      'AWSCURRENT is proved before and after the deactivation',
    'POST /auth/action for GET /auth/credentials': 'AWSCURRENT is proved before and after the deactivation',
    'GET /auth/service-accounts':
      'which account it is, and whether it is done; the new one is asked once: it may need no signer',
  },
  'PersonalAccessTokenKey, signer': {
    'POST /auth/credentials/init': 'whether the token may do it itself, which decides who signs',
    'POST /auth/action/init for GET /auth/credentials':
      'a refusal of the token is told from a token that is dead',
    'GetSecretValue AWSCURRENT': "the signer's secret: its user looks at the credentials",
    'POST /auth/login/init': 'its user looks at the credentials',
    'POST /auth/login': 'its user looks at the credentials',
  },
  'PersonalAccessTokenKey, signer createSecret': {
    'POST /auth/credentials/init': 'a question without effect: may the token, or its user, register a key',
    'POST /auth/action/init for GET /auth/credentials':
      'a token that is refused is told from one that is dead, and may a key of its user sign for it',
    'GetSecretValue AWSCURRENT': 'a question without effect: is the signer its user, and does its key log in',
    'POST /auth/login/init': 'a question without effect: is the signer its user, and does its key log in',
    'POST /auth/login': 'a question without effect: is the signer its user, and does its key log in',
  },
  UserKey: {
    'POST /auth/login/init': 'a session: without one nothing can be asked',
    'POST /auth/login': 'a session: without one nothing can be asked',
  },
  'UserKey setSecret': {
    'POST /auth/login/init': 'the new key tries to log in: a repeated step finds it registered',
    'POST /auth/login': 'the new key tries to log in: a repeated step finds it registered',
  },
  'WebhookSecret createSecret': {
    'GET /webhooks': 'how many there are, and which ones earlier attempts left',
    'GET /webhooks/wh-…': 'url, events and status of the current one, which the new one takes over',
    'GET /webhooks/wh-…/events':
      'a question without effect: may the signer see what is still to be delivered',
    'POST /auth/action/init for PUT /webhooks/wh-…': 'an update that changes nothing: may the signer update',
    'POST /auth/action for PUT /webhooks/wh-…': 'an update that changes nothing: may the signer update',
    'PUT /webhooks/wh-…': 'an update that changes nothing: may the signer update',
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
