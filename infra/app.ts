import { rotatorApp } from './rotator-app.ts'

// What `cdk` runs; `-c config=FILE`, which is what the npm scripts make of `--config FILE`. No file is the
// default: `cdk destroy` would act on its stacks.
rotatorApp({
  file: ({ node }) => {
    const chosen: unknown = node.tryGetContext('config')
    if (typeof chosen === 'string') return chosen
    throw new Error('Which configuration? Say `-c config=FILE`, or `npm run deploy -- --config FILE`.')
  },
})
