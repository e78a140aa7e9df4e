import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { limitUnsentAnswer } from '../../src/proxy/limit-unsent-answer.ts'

/** A server that answers each request with so many octets, 50 ms for the client to take them. */
async function answering(bytes: number) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-length': bytes })
    response.end(Buffer.alloc(bytes))
    limitUnsentAnswer({ request, response }, 50)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  return { server, socket }
}

t.test('a client that does not take its answer is cut', async (t) => {
  const { server, socket } = await answering(32 * 1024 * 1024)
  t.teardown(() => server.close())
  const cut = new Promise((resolve) =>
    server.once('connection', (accepted) => accepted.once('close', resolve)),
  )
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await cut
  socket.destroy()
  t.pass('the server has closed it')
})

t.test('one that has taken it keeps its connection', async (t) => {
  const { server, socket } = await answering(1)
  t.teardown(() => server.close())
  const answers = new Promise<void>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.split('HTTP/1.1 200').length > 3) resolve()
    })
  })
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(2))
  setTimeout(() => socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'), 120)
  await answers
  t.equal(socket.destroyed, false)
  socket.destroy()
})
