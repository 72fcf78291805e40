import { describe, expect, test } from 'vitest'
import type { SecretStore, SecretVersion } from '../../lambdas/ports/secrets-manager.ts'
import { type Retirement, retire } from '../../lambdas/rotation/retirement.ts'
import { failureOf, hour, rotating, secretArn } from '../credentials/webhook-world.ts'

const nobody = () => Promise.reject(new Error('nobody may ask for this'))

/** The end of a webhook's grace, with a store whose labels may be moved at any moment. */
async function retiring() {
  const rotation = await rotating()
  const { credential, rotated, advance, current: superseded, time, world, find, dfns } = rotation
  const { promoted } = await rotated()
  await advance(25 * hour)
  const version = (versionId: string, fields: object): SecretVersion => ({
    versionId,
    text: JSON.stringify(fields),
    created: undefined,
  })
  const labels = { AWSCURRENT: version('v2', promoted.fields) }
  const calls: string[] = []
  const store: SecretStore = {
    describeSecret: nobody,
    getSecretValue: async ({ label }) => (label === 'AWSCURRENT' ? labels.AWSCURRENT : undefined),
    putSecretValue: nobody,
    moveCurrent: nobody,
    removePrevious: async ({ from }) => (calls.push(`remove AWSPREVIOUS from ${from}`), 'removed'),
    attachLabel: async ({ label }) => (calls.push(label), 'attached'),
  }
  const retirement: Retirement = {
    store,
    time,
    log: world.means.log,
    secretArn,
    credential: credential as unknown as Retirement['credential'],
    superseded,
    supersededVersion: 'v1',
    current: promoted,
    currentVersion: 'v2',
    isPrevious: true,
  }
  const moveBack = () => {
    labels.AWSCURRENT = version('v2', superseded.fields)
  }
  const nameBeside = (fields: object) => {
    labels.AWSCURRENT = version('v2', { ...promoted.fields, ...fields })
  }
  const remove = (webhookId: string) => {
    const webhook = dfns.state.webhooks.get(webhookId)
    if (webhook !== undefined) webhook.isDeleted = true
  }
  const atDeletion = (act: () => void) => {
    world.wire.plan = ({ operation }) => {
      if (operation === `DELETE /webhooks/${superseded.id}`) act()
      return undefined
    }
  }
  return { retirement, superseded, promoted, moveBack, nameBeside, remove, atDeletion, calls, find, dfns }
}

describe('the retirement of a webhook', () => {
  test('deletes it, and takes AWSPREVIOUS away', async () => {
    const { retirement, superseded, promoted, find, calls } = await retiring()
    await retire(retirement)
    expect(find(superseded.id)).toBeUndefined()
    expect(find(promoted.id)).toBeDefined()
    expect(calls).toEqual(['remove AWSPREVIOUS from v1'])
  })

  test('leaves alone what a label names', async () => {
    const { retirement, superseded, moveBack, find } = await retiring()
    moveBack()
    expect(await failureOf(retire(retirement))).toMatchObject({
      code: 'ERR_RETIRE_REFUSED',
      retryable: false,
    })
    expect(find(superseded.id)).toBeDefined()
  })

  test('takes no label for naming it that names a longer id', async () => {
    const { retirement, superseded, nameBeside, find } = await retiring()
    nameBeside({ note: `${superseded.id}0`, older: `x${superseded.id}` })
    await retire(retirement)
    expect(find(superseded.id)).toBeUndefined()
  })

  test('says that it is deleted, and claims no undoing, where a label names it at that very moment', async () => {
    const { retirement, superseded, moveBack, atDeletion, calls, find } = await retiring()
    atDeletion(moveBack)
    const error = await failureOf(retire(retirement))
    expect(error).toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    expect(error.message).toMatch(
      /is deleted, which nothing takes back, and AWSCURRENT or AWSPENDING named it/,
    )
    expect(error.message).not.toMatch(/not deactivated|active again/)
    expect(find(superseded.id)).toBeUndefined()
    expect(calls).toEqual([])
  })

  test('likewise where the current one is gone at that very moment', async () => {
    const { retirement, promoted, atDeletion, remove, calls } = await retiring()
    atDeletion(() => remove(promoted.id))
    const error = await failureOf(retire(retirement))
    expect(error).toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    expect(error.message).toContain(`Dfns knows no webhook ${promoted.id}`)
    expect(calls).toEqual([])
  })

  test('deletes nothing where the current one is gone before', async () => {
    const { retirement, superseded, promoted, remove, find } = await retiring()
    remove(promoted.id)
    const error = await failureOf(retire(retirement))
    expect(error).toMatchObject({ code: 'ERR_VERIFY' })
    expect(error.message).not.toContain('is deleted')
    expect(find(superseded.id)).toBeDefined()
  })
})
