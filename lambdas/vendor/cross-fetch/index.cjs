'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')

// @dfns/sdk imports cross-fetch by name and has no option for another fetch. The port to Dfns sets its own
// (deadline, redirects refused, failures with their status) for the calls it makes, and for no others.
const transport = new AsyncLocalStorage()

const fetch = (input, init) => (transport.getStore() ?? globalThis.fetch)(input, init)

module.exports = {
  transport,
  fetch,
  default: fetch,
  Headers: globalThis.Headers,
  Request: globalThis.Request,
  Response: globalThis.Response,
}
