import t from 'tap'
import type { Dispatcher } from 'undici'
import { Pools } from '../../src/upstream/pools.ts'
import { type HeadOutcome, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { startStandIn } from './stand-in.ts'

const GET: Dispatcher.DispatchOptions = {
  method: 'GET',
  path: '/bucket/key',
  headers: [],
  body: null,
}
const UNSENDABLE: Dispatcher.DispatchOptions = { ...GET, headers: ['x-amz-meta-a', 'b\u0001'] }

t.test(
  'requests that cannot be sent take no connection and no place among the waiting',
  async (t) => {
    const s3 = await startStandIn((_request, response) => response.end())
    const pools = new Pools({
      connections: 1,
      connectTimeoutMs: 1_000,
      headersTimeoutMs: 1_000,
      bodyIdleMs: 1_000,
      idleTimeoutMs: 1_000,
      ca: undefined,
    })
    t.teardown(() => Promise.all([pools.close(), s3.close()]))
    const pool = pools.poolOf(`http://127.0.0.1:${s3.port}`)
    const send = (request: Dispatcher.DispatchOptions): Promise<HeadOutcome> => {
      const answer = new UpstreamAnswer()
      pool.dispatch(request, answer)
      return answer.head
    }
    // The connection is free, busy, and free again.
    for (const requests of [[UNSENDABLE, GET], [GET, UNSENDABLE, UNSENDABLE], [GET]]) {
      const outcomes = await Promise.all(requests.map(send))
      for (const [i, outcome] of outcomes.entries()) {
        if (requests[i] === GET) t.match(outcome, { ok: true, value: { status: 200 } })
        else t.match(outcome, { ok: false, error: { code: 'UND_ERR_INVALID_ARG' } })
      }
    }
    t.equal(pool.waiting, 0)
    t.equal(s3.connections(), 1)
  },
)
