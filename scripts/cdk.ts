import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, delimiter, join, resolve } from 'node:path'
import { cdkArguments, configIn } from './cdk/arguments.ts'

const root = join(import.meta.dirname, '..')
const [command = 'deploy', ...given] = process.argv.slice(2)
const { config, rest } = configIn(given)

// npm runs scripts in the package's folder; a file is named from where the command was typed.
const file = config === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', config)

if (file === undefined || !existsSync(file)) {
  const problem = file === undefined ? 'Which configuration?' : `There is no file ${file}.`
  console.error(`${problem}\nnpm run ${command} -- --config FILE [STACK …] [options of cdk ${command}]`)
  process.exitCode = 2
} else {
  const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk')
  const { status } = spawnSync(process.execPath, [cdk, ...cdkArguments({ command, file, rest })], {
    cwd: root,
    // cdk.json runs `node`, which has to be this one.
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
