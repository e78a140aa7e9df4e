import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

/** Has each answer before it is passed on; returns its body, or undefined: the connection is cut. */
type OnAnswer = (asked: IncomingMessage, body: Buffer) => Promise<Buffer | undefined>

/** Stands before a server on loopback, and leaves Host as it was signed; returns its port. */
export async function startForwarder(t: Test, port: number, onAnswer: OnAnswer): Promise<number> {
  const server = createServer(async (asked, response) => {
    const sent = await buffer(asked)
    const [answer, received] = await forward(port, asked, sent)
    const body = await onAnswer(asked, received)
    if (body === undefined) {
      response.destroy()
      return
    }
    const isHead = asked.method === 'HEAD'
    const headers = answer.rawHeaders.flatMap((name, i, all) => {
      const isFraming = /^(?:content-length|transfer-encoding)$/i.test(name)
      return i % 2 === 1 || (isFraming && !isHead) ? [] : [name, all[i + 1] ?? '']
    })
    const hasBody = !isHead && answer.statusCode !== 204
    const length = hasBody ? ['content-length', String(body.length)] : []
    response.writeHead(answer.statusCode ?? 500, [...headers, ...length])
    response.end(hasBody ? body : undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function forward(
  port: number,
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
): Promise<[IncomingMessage, Buffer]> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path: url,
      headers: rawHeaders,
      agent: false,
    }
    request(options, async (answer) => resolve([answer, await buffer(answer)]))
      .on('error', reject)
      .end(body)
  })
}
