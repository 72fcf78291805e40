import { expect, test } from 'vitest'
import { ways } from '../../sandbox/demo/subjects.ts'
import { auditedHere } from '../support/audited-here.ts'
import { watchedScene } from '../support/scene.ts'

test('a session that ends while an audit goes on is renewed, and no secret is called refused for it', async () => {
  const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl] })
  const scene = await watchedScene({ policy })
  const way = ways.find(({ kind, strategy }) => kind === 'ServiceAccountKey' && strategy === 'replace')
  const { document, orgId } = (await way?.open(scene, { sessionTtl: 60_000, rateLimit: 20 })) ?? {}
  if (document === undefined || orgId === undefined) throw new Error('there is no such way')
  const { signerArn } = document
  for (let index = 0; index < 20; index++) {
    const { document: account } = scene.openAccount({ orgId, name: `account-${index}` })
    const tags = { 'dfns-rotator:grace': 'PT1H' }
    await scene.keepSecret({ name: `secret-${index}`, document: { ...account, signerArn }, tags })
  }
  const { findings, lines, asked } = await auditedHere(scene)
  expect(asked.at(-1)?.at).toBeGreaterThan(120_000)
  expect(findings).toEqual([])
  expect(lines.at(-1)).toMatchObject({ event: 'audit done', isComplete: true })
})
