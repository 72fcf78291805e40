import type { Package } from './package.ts'

/** The commands of operators: self-contained, so that npx fetches one package. */
export const cli: Package = {
  name: 'dfns-rotator',
  description: 'Rotates Dfns credentials kept in AWS Secrets Manager: the commands',
  keywords: ['aws', 'cli', 'dfns', 'rotation', 'secretsmanager'],
  node: '20.12',
  exports: {},
  bin: { 'dfns-rotator': 'cli/main.ts' },
  // The sandbox runs each function in it.
  programs: { runtime: 'sandbox/lambda/runtime.ts' },
  formats: ['esm'],
  dependencies: [],
  peerDependencies: [],
  hasFunctions: true,
  readme: 'cli/README.md',
}
