import { AssertionError } from 'node:assert'
import { connect as connectTcp, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Connection } from '../../src/upstream/connection.ts'
import { UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { startRawStandIn } from './stand-in.ts'

const OK = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'

/** A connection to a server that answers and closes; `prepare` gets its sockets before undici does. */
async function openConnection(t: Test, prepare: (socket: Socket, count: number) => void) {
  const s3 = await startRawStandIn((socket) => socket.once('data', () => socket.end(OK)))
  let count = 0
  const origin = new URL(`http://127.0.0.1:${s3.port}`)
  const connection = Connection.open(origin, { pipelining: 1 }, ({ port }, callback) => {
    const socket = connectTcp(Number(port), '127.0.0.1', () => callback(null, socket))
    socket.on('error', () => undefined)
    prepare(socket, ++count)
  })
  t.teardown(() => Promise.all([connection.destroy(), s3.close()]))
  return connection
}

function ended(answer: UpstreamAnswer): Promise<Error | undefined> {
  return new Promise((resolve) => {
    answer.attach({ write: () => true, end: () => resolve(undefined), fail: resolve })
  })
}

function ask(connection: Connection): UpstreamAnswer {
  const answer = new UpstreamAnswer()
  connection.dispatch({ method: 'GET', path: '/' }, answer)
  return answer
}

t.test('what a listener of the socket throws ends the connection, not the process', async (t) => {
  for (const event of ['connect', 'readable', 'end', 'close']) {
    const connection = await openConnection(t, (socket, count) => {
      if (count > 1) return
      // Added in a later turn, as `connect` is emitted once before.
      socket.once('connect', () => {
        socket.once(event === 'connect' ? 'end' : event, () => {
          throw new AssertionError({ message: `an assertion in ${event}` })
        })
      })
    })
    const first = ask(connection)
    const outcome = await first.head
    await ended(first)
    t.type(outcome.ok, 'boolean', `${event}: it has an outcome`)
    const second = ask(connection)
    t.match(
      await second.head,
      { ok: true, value: { status: 200 } },
      `${event}: the next one is served`,
    )
    t.equal(await ended(second), undefined)
  }
})
