import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { expect, test } from 'vitest'
import { watchedScene } from '../support/scene.ts'

/** A scene after a rotation, with the SDK's own clients as an operator's command has them. */
async function operated() {
  const scene = await watchedScene()
  const { orgId } = scene.dfns.createOrganisation()
  const { document } = scene.openAccount({ orgId, name: 'payments' })
  await scene.keepSecret({ name: 'prod/dfns/payments', document })
  const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' }
  const config = { endpoint: scene.sandbox.urls.aws, region: 'eu-west-1', credentials }
  return { scene, lambda: new LambdaClient(config), logs: new CloudWatchLogsClient(config) }
}

test('Lambda tells the environment, the time-out and the log group of a function, by name or ARN', async () => {
  const { scene, lambda } = await operated()
  for (const FunctionName of ['dfns-rotator-rotate', scene.functionArn]) {
    const told = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))
    expect(told).toMatchObject({
      FunctionArn: scene.functionArn,
      Timeout: 60,
      LoggingConfig: { LogGroup: '/aws/lambda/dfns-rotator-rotate' },
      Environment: { Variables: { DFNS_ROTATOR_POLICY: '/dfns-rotator/policy' } },
    })
    // Lambda knows nothing that nobody set.
    expect(Object.keys(told.Environment?.Variables ?? {}).filter((name) => name.startsWith('AWS_'))).toEqual(
      [],
    )
  }
  const missing = lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'another' }))
  await expect(missing).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    $metadata: { httpStatusCode: 404 },
  })
})

test('CloudWatch Logs finds the lines that a function printed, page by page', async () => {
  const { scene, logs } = await operated()
  const printed = scene.sandbox.bundled.get(scene.functionArn)?.output ?? []
  const asked = { logGroupName: '/aws/lambda/dfns-rotator-rotate', filterPattern: '"testSecret"', limit: 1 }
  const found: string[] = []
  let nextToken: string | undefined
  do {
    const page = await logs.send(new FilterLogEventsCommand({ ...asked, ...(nextToken && { nextToken }) }))
    found.push(...(page.events ?? []).map(({ message = '' }) => message))
    expect(page.events?.length).toBeLessThanOrEqual(1)
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  expect(found.length).toBeGreaterThan(1)
  expect(found).toEqual(printed.filter((line) => line.includes('testSecret')))
  const later = { ...asked, startTime: scene.clock.now() + 3_600_000 }
  expect((await logs.send(new FilterLogEventsCommand(later))).events).toEqual([])
})

test('a line that was printed later is dated no earlier, whatever the clock of its process said', async () => {
  const { scene, logs } = await operated()
  const output = scene.sandbox.bundled.get(scene.functionArn)?.output as string[]
  const later = scene.clock.now() + 3_600_000
  for (const at of [later + 7, later]) output.push(JSON.stringify({ timestamp: new Date(at).toISOString() }))
  const asked = { logGroupName: '/aws/lambda/dfns-rotator-rotate', filterPattern: '"timestamp"' }
  const { events = [] } = await logs.send(new FilterLogEventsCommand(asked))
  const times = events.slice(-2).map(({ timestamp }) => timestamp)
  expect(times).toEqual([later + 7, later + 7])
})

test('what CloudWatch Logs does not know, or may not show, is refused by its name', async () => {
  const { scene, logs } = await operated()
  const group = '/aws/lambda/dfns-rotator-rotate'
  const filter = (logGroupName: string, filterPattern: string) =>
    logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }))
  await expect(filter('/aws/lambda/another', '"a"')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
  await expect(filter(group, '{ $.durationMs > 5 }')).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
  scene.sandbox.deniedLogs.add(group)
  await expect(filter(group, '"a"')).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
