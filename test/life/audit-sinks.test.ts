import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startLife } from '../support/program-scene.ts'

t.test('a sink gets every line of all workers, from the start to the stop', async (t) => {
  let received = ''
  const server = createServer((request, response) => {
    request.on('data', (part) => {
      received += String(part)
    })
    request.on('end', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const sinks = `[{ kind: webhook, url: 'http://127.0.0.1:${port}/' }]`
  const { sealgate } = await startLife(t, { more: `workers: 2\naudit: { sinks: ${sinks} }` })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      fetch(`http://127.0.0.1:${sealgate.port}/bucket/${i}`).then((answer) => answer.arrayBuffer()),
    ),
  )
  sealgate.signal('SIGTERM')
  const { code, stdout } = await sealgate.end
  t.equal(code, 0)
  t.equal(stdout.split('\n').length, 23)
  t.equal(received, stdout)
})
