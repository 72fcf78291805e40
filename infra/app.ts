import { join } from 'node:path'
import { rotatorApp } from './rotator-app.ts'

const example = join(import.meta.dirname, 'example.json')

// What `cdk` runs; `-c config=FILE`, which is what the npm scripts make of `--config FILE`.
rotatorApp({
  file: ({ node }) => {
    const chosen: unknown = node.tryGetContext('config')
    return typeof chosen === 'string' ? chosen : example
  },
})
