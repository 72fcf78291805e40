import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { deadLetterArn, guideWorld, openScene, type Scene } from '../sandbox/scene.ts'
import { startRuntimeApi } from './runtime-client/runtime-api.ts'

// One rotation against the sandbox by the very file that is deployed, run by AWS's own runtime client.

const root = join(import.meta.dirname, '..')
const folder = join(import.meta.dirname, 'runtime-client')
const client = join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs')
const built = join(folder, 'node_modules', 'aws-lambda-ric', 'rapid-client.node')

const installMs = 15 * 60_000
const rotationMs = 120_000
const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']

/** Why the runtime client cannot be had here; nothing if it is there. It is native code, made on the spot. */
function whyNot(): string | undefined {
  if (existsSync(built)) return undefined
  if (process.platform !== 'linux') return 'it is made for Linux alone'
  const options = { cwd: folder, timeout: installMs, encoding: 'utf8', shell: true } as const
  if (spawnSync('cmake --version && make --version && g++ --version', options).status !== 0)
    return 'it needs cmake, make and g++'
  const { status, stdout, stderr } = spawnSync('npm ci --no-audit --no-fund', options)
  if (status === 0 && existsSync(built)) return undefined
  const said = `${stdout}\n${stderr}`.split('\n').find((line) => /error/i.test(line))
  return `it could not be built: ${said?.trim() ?? `npm ci took more than ${installMs / 60_000} minutes`}`
}

/** Starts the runtime client on the rotate bundle, as Lambda's Node.js 24 does. */
function startClient({ scene, address }: { scene: Scene; address: string }) {
  const { environment } = scene.sandbox
  return spawn(process.execPath, [client, 'index.handler'], {
    cwd: join(root, 'dist', 'rotate'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      PATH: process.env['PATH'],
      // Lambda turns both off on its runtimes.
      NODE_OPTIONS: '--no-experimental-require-module --no-experimental-detect-module',
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: join(root, 'dist', 'rotate'),
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: 'dfns-rotator-rotate',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/dfns-rotator-rotate',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      DFNS_ROTATOR_POLICY: '/dfns-rotator/policy',
      DFNS_ROTATOR_RETIRE_ARN: scene.retireArn,
      DFNS_ROTATOR_SCHEDULER_ROLE_ARN: 'arn:aws:iam::000000000000:role/dfns-rotator-scheduler',
      DFNS_ROTATOR_SCHEDULE_GROUP: 'dfns-rotator',
      DFNS_ROTATOR_DEAD_LETTER_ARN: deadLetterArn,
    },
  })
}

/** What each step of one rotation came to, and what was printed. */
async function rotateOnce(): Promise<{ steps: string[]; output: string; isMoved: boolean }> {
  // The client's own clock is the machine's.
  const scene = await openScene({ start: new Date(), dfnsSwitches: guideWorld })
  const { functionArn, sandbox } = scene
  const api = await startRuntimeApi({ functionArn, timeoutMs: 60_000 })
  const child = startClient({ scene, address: api.address })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
  try {
    sandbox.functions.set(functionArn, { arn: functionArn, invoke: (event) => api.invoke(event) })
    const { orgId } = scene.dfns.createOrganisation()
    const { document } = scene.openAccount({ orgId, name: 'payments' })
    const secretArn = await scene.keepSecret({ name: 'prod/dfns', document })
    const before = sandbox.engine.progress.items.length
    await scene.rotate(secretArn)
    const ended = sandbox.engine.progress.items
      .slice(before)
      .flatMap((item) =>
        item.type === 'step-ended' ? [item.ok ? item.step : `${item.step} ${item.errorType}`] : [],
      )
    const { credId } = await scene.documentOf(secretArn, 'AWSCURRENT')
    return { steps: ended, output, isMoved: credId !== document.credId }
  } finally {
    child.kill()
    api.close()
    await sandbox.stop()
  }
}

const reason = whyNot()
if (reason === undefined) {
  // A client that never answers must not keep CI waiting.
  const timer = setTimeout(() => {
    console.error(`The runtime client did not rotate within ${rotationMs / 1_000} seconds.`)
    process.exit(1)
  }, rotationMs)
  const rotation = await rotateOnce()
  clearTimeout(timer)
  const isDone = rotation.isMoved && rotation.steps.join() === steps.join()
  if (!isDone) console.error(rotation.output)
  console.log(`${isDone ? 'done' : 'failed'} under AWS's runtime client: ${rotation.steps.join(', ')}`)
  process.exitCode = isDone ? 0 : 1
} else {
  console.log(`skipped: the rotation under AWS's runtime client, because ${reason}`)
}
