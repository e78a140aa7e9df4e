import t from 'tap'
import { measureGrowth } from './growth.ts'
import { StepCounter } from './step-counter.ts'

// Before the code is loaded that is counted: V8 counts the blocks of what it compiles from now on.
const counter = new StepCounter()
const { startRig } = await import('../support/rig.ts')
const { RawConnection } = await import('../support/raw-http.ts')
const { ANONYMOUS_SHAPES, REQUEST_SHAPES } = await import('./requests.ts')

const rig = await startRig()
t.teardown(() => rig.close())
const open = await startRig({ clients: "  - { name: open, anonymous: true, buckets: ['*'] }" })
t.teardown(() => open.close())

async function exchange(port: number, bytes: Buffer): Promise<string> {
  const connection = new RawConnection(port).write(bytes)
  const { status, headers } = await connection.answer()
  connection.destroy()
  return `${status} ${headers.get('x-sealgate-reason') ?? ''}`
}

for (const [{ name, most, length, build }, port] of [
  ...REQUEST_SHAPES.map((shape) => [shape, rig.port] as const),
  ...ANONYMOUS_SHAPES.map((shape) => [shape, open.port] as const),
]) {
  t.test(`eight times as many cost eight times the steps: ${name}`, async (t) => {
    let answer = ''
    const pieces = Math.floor(most / 8)
    const growth = await measureGrowth(counter, { pieces, length }, (count) => {
      const bytes = build(port, count)
      return async () => {
        answer = await exchange(port, bytes)
      }
    })
    t.comment(`${answer}: ${growth.steps.join(', ')}`)
    t.ok(growth.isLinear, growth.steps.join(', '))
  })
}
