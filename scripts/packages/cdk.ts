import type { Package } from './package.ts'

/** The construct, for CDK apps of others; most of them are CommonJS. */
export const cdk: Package = {
  name: 'dfns-rotator-cdk',
  description: 'AWS CDK construct: rotates Dfns credentials kept in AWS Secrets Manager',
  keywords: ['aws', 'cdk', 'construct', 'dfns', 'rotation', 'secretsmanager'],
  node: '20.11',
  exports: { '.': 'infra/construct.ts' },
  formats: ['esm', 'cjs'],
  dependencies: ['valibot'],
  peerDependencies: ['aws-cdk-lib', 'constructs'],
  hasFunctions: true,
  readme: 'infra/README.md',
}
