// Loaded before a function: each of its results carries what its process has used since it began.
const send = process.send?.bind(process)
if (send !== undefined) {
  process.send = (message, ...rest) => {
    if (message?.type !== 'result') return send(message, ...rest)
    const { user, system } = process.cpuUsage()
    const usage = {
      cpuMs: (user + system) / 1_000,
      peakMiB: process.resourceUsage().maxRSS / 1_024,
      heapMiB: process.memoryUsage().heapUsed / 1_048_576,
    }
    return send({ ...message, usage }, ...rest)
  }
}
