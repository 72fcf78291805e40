import type { Account } from './upload.ts'

/** The command that deploys what was uploaded; who runs it puts in which secrets are rotated. */
export function deployCommand(of: { bucket: string; keyPrefix: string; account: Account }): string {
  const { bucket, keyPrefix, account } = of
  const { profile, region } = account
  const lines = [
    'aws cloudformation deploy --stack-name dfns-rotator --capabilities CAPABILITY_IAM',
    ...(profile === undefined ? [] : [`--profile ${profile}`]),
    ...(region === undefined ? [] : [`--region ${region}`]),
    `--template-file dist/template.json --s3-bucket ${bucket} --s3-prefix ${keyPrefix}`,
    `--parameter-overrides CodeBucket=${bucket} CodeKeyPrefix=${keyPrefix} RotatedPrefix=prod/dfns/`,
  ]
  return lines.map((line, at) => (at === 0 ? `  ${line}` : `    ${line}`)).join(' \\\n')
}
