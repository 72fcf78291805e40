import type { Package } from './package.ts'

/** For applications that use what is rotated. */
export const client: Package = {
  name: 'dfns-rotator-client',
  description:
    'Dfns credentials kept in AWS Secrets Manager: read, used and refreshed through every rotation',
  keywords: ['aws', 'credentials', 'dfns', 'lambda', 'rotation', 'secretsmanager', 'webhooks'],
  node: '20.0',
  exports: { '.': 'client/main.ts', './dfns': 'client/dfns.ts', './middy': 'client/middy.ts' },
  formats: ['esm'],
  dependencies: [],
  peerDependencies: ['@aws-sdk/client-secrets-manager', '@dfns/sdk', '@middy/core'],
  optionalPeers: ['@dfns/sdk', '@middy/core'],
  ranges: { '@aws-sdk/client-secrets-manager': '^3.0.0', '@dfns/sdk': '^0.8.0', '@middy/core': '>=5' },
  hasFunctions: false,
  readme: 'client/README.md',
}
