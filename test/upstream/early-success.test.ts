import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { signedHeaders } from './signed-head.ts'
import { errorDocument, startRawStandIn, startStandIn } from './stand-in.ts'

const BODY_BYTES = 1_000_000

/** Answers as soon as the head of a request has come, and reads on. */
function answersAtOnce(answer: string): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => socket.write(answer))
    socket.resume()
  }
}

/** Sends half of a body, and never the rest. */
async function sendHalf(port: number): Promise<IncomingMessage | undefined> {
  const headers = signedHeaders(port, 'PUT', '/bucket/key', BODY_BYTES)
  const request = httpRequest({ port, method: 'PUT', path: '/bucket/key', headers, agent: false })
  request.on('error', () => undefined)
  request.write(Buffer.alloc(BODY_BYTES / 2))
  const [response]: IncomingMessage[] = await once(request, 'response')
  response?.resume()
  request.destroy()
  return response
}

t.test('a success before the body is there is never relayed', async (t) => {
  for (const status of ['200 OK', '204 No Content']) {
    const s3 = await startRawStandIn(
      answersAtOnce(
        `HTTP/1.1 ${status}\r\n${status.startsWith('204') ? '' : 'content-length: 0\r\n'}etag: "early"\r\nx-amz-server-side-encryption: aws:kms\r\n\r\n`,
      ),
    )
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    const response = await sendHalf(rig.port)
    t.equal(response?.statusCode, 502)
    t.equal(response?.headers['x-sealgate-reason'], 'early-answer')
    t.equal(response?.headers.etag, undefined)
    await rig.close()
    await s3.close()
    t.equal(await rig.count('sealgate_upstream_errors_total', 'kind="aborted"'), 1)
  }
})

t.test('a refusal before the body is there is relayed', async (t) => {
  const document = errorDocument('AccessDenied', 'Access Denied')
  const s3 = await startRawStandIn(
    answersAtOnce(
      `HTTP/1.1 403 Forbidden\r\ncontent-length: ${document.length}\r\nx-amz-request-id: ITS\r\n\r\n${document}`,
    ),
  )
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const response = await sendHalf(rig.port)
  t.equal(response?.statusCode, 403)
  t.equal(response?.headers['x-amz-request-id'], 'ITS')
})

t.test('a success right after the last octet is none too early', async (t) => {
  const s3 = await startStandIn((_request, response) => response.end())
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const body = Buffer.alloc(BODY_BYTES, 'x')
  const put = { method: 'PUT', path: '/bucket/key', body }
  for (let i = 0; i < 30; i++) {
    const answers = await Promise.all([send(rig.port, put), send(rig.port, put)])
    for (const { status, text } of answers) t.equal(status, 200, text)
  }
})
