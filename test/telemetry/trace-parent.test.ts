import t from 'tap'
import { parseTraceParent } from '../../src/telemetry/trace-parent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

t.test("W3C's own example is read", async (t) => {
  t.strictSame(parseTraceParent(`00-${TRACE}-${SPAN}-01`), {
    traceId: TRACE,
    spanId: SPAN,
    isRemote: true,
    traceFlags: 1,
  })
  t.match(parseTraceParent(`00-${TRACE}-${SPAN}-00`), { traceFlags: 0 })
  t.match(parseTraceParent(`cc-${TRACE}-${SPAN}-01-what-the-future-holds`), { traceId: TRACE })
})

t.test('what is no traceparent is no reason for anything', async (t) => {
  for (const header of [
    undefined,
    '',
    'x',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01${'-'.repeat(300)}`,
  ]) {
    t.equal(parseTraceParent(header), undefined, String(header))
  }
})
