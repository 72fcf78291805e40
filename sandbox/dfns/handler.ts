import type { WireHandler, WireRequest, WireResponse } from '../wire.ts'
import { authenticate, authorise, type Caller } from './call.ts'
import { errorReply, Refusal } from './errors.ts'
import { authMatrix } from './matrix.ts'
import type { Organisation } from './model.ts'
import type { Dfns } from './organisation.ts'
import { countRequest } from './rate-limit.ts'
import { openRoute } from './open-routes.ts'
import { endpoints, route } from './routes.ts'
import type { State } from './state.ts'
import type { Switches } from './switches.ts'

/**
 * Answers Dfns's endpoints for a simulator. It checks, in this order: the path (404), the token
 * (401), the organisation's rate limit (429), the auth matrix and permissions (401, 403), the user action
 * (403, 400), the body.
 */
export function createDfnsHandler({ state }: Pick<Dfns, 'state'>): WireHandler {
  return (request) => replyOf({ switches: state.defaults, answer: () => receive({ state, request }) })
}

type Reply = WireResponse | Promise<WireResponse>

async function receive({ state, request }: { state: State; request: WireRequest }): Promise<WireResponse> {
  const open = openRoute(request)
  if (open) {
    const organisation = open.organisation({ state, request })
    return counted({ state, organisation, answer: () => open.answer({ state, request, organisation }) })
  }
  const found = route(request)
  if (found === undefined) throw new Refusal(404, 'Not Found')
  const caller = authenticate({ state, request })
  const { organisation } = caller
  return counted({ state, organisation, answer: () => perform({ state, request, caller, ...found }) })
}

/** Answers a request if the organisation's rate limit allows it. */
async function counted(given: {
  state: State
  organisation: Organisation
  answer: () => Reply
}): Promise<WireResponse> {
  const { state, organisation, answer } = given
  const { allowed, headers } = countRequest({ organisation, clock: state.clock })
  const reply = await replyOf({
    switches: organisation.switches,
    answer: () => {
      if (!allowed) throw new Refusal(429, 'Too Many Requests')
      return answer()
    },
  })
  return { ...reply, headers: { ...reply.headers, ...headers } }
}

type Found = NonNullable<ReturnType<typeof route>>

function perform(call: { state: State; request: WireRequest; caller: Caller } & Found): Reply {
  const { state, request, caller, operation, ids } = call
  authorise({ state, caller, row: authMatrix[operation] })
  return endpoints[operation]({ state, request, ids, id: ids.at(-1) ?? '', ...caller })
}

/**
 * A refusal in the shape that the switches ask for; any other error is a mistake of the simulator and is
 * thrown on.
 */
async function replyOf({
  switches,
  answer,
}: {
  switches: Switches
  answer: () => Reply
}): Promise<WireResponse> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return errorReply({ status: error.status, message: error.message, shape: switches.errorBody })
  }
}
