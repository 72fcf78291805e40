// Preloaded (`node --import`) and no TypeScript: an older Node refuses a .ts file before its first line runs.
const major = Number(process.versions.node.split('.')[0])

if (major < 24) {
  console.error(
    `This needs Node 24 or later (the functions run on 24); this is Node ${process.versions.node}. ` +
      'On Linux "npm ci" installs it for every "npm run"; elsewhere install Node 24 and try again.',
  )
  process.exit(1)
}
