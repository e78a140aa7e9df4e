import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { RawConnection } from '../support/raw-http.ts'
import { KEY, type Rig, startRig } from '../support/rig.ts'

const PARTS =
  '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part></CompleteMultipartUpload>'
const CONFIRMED = {
  'x-amz-server-side-encryption': 'aws:kms',
  'x-amz-server-side-encryption-aws-kms-key-id': KEY,
}
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const LATE_ERROR = '<Error><Code>InternalError</Code></Error>'
const INNER = 'http://10.0.0.1:9000/bucket/a%20key%2Fbig'
const OWN = 'http://127.0.0.1/bucket/a%20key/big'

function result(location: string, more = ''): string {
  return `<CompleteMultipartUploadResult><Location>${location}</Location><Bucket>bucket</Bucket>${more}</CompleteMultipartUploadResult>`
}

/** A rig before a server that answers completions so. */
async function startBefore(t: Test, complete: (response: ServerResponse) => void): Promise<Rig> {
  const s3 = createServer((request, response) => {
    request.resume()
    request.on('end', () => complete(response))
  })
  s3.listen(0, '127.0.0.1')
  await once(s3, 'listening')
  t.teardown(() => s3.close())
  const rig = await startRig({
    upstreamPort: (s3.address() as AddressInfo).port,
    clients: `
  - { name: sidecar, anonymous: true, buckets: ['*'] }`,
  })
  t.teardown(() => rig.close())
  return rig
}

/** Sends a completion; the connection closes after the answer. */
function complete(t: Test, { port }: Rig, version = '1.1'): RawConnection {
  const connection = new RawConnection(port).write(
    `POST /bucket/a%20key/big?uploadId=u HTTP/${version}\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ${PARTS.length}\r\n\r\n${PARTS}`,
  )
  t.teardown(() => connection.destroy())
  return connection
}

/** The body of chunks. */
function unchunked(text: string): string {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return body.replaceAll(/[0-9a-f]+\r\n(.*?)\r\n/gs, '$1')
}

t.test('the Location of a completion is the client’s way, with a length or without', async (t) => {
  const big = `<Padding>${'x'.repeat(2 << 20)}</Padding>`
  for (const document of [result(INNER), result(INNER, big), DECLARATION + result(INNER)]) {
    for (const length of [{}, { 'Content-Length': document.length }]) {
      const rig = await startBefore(t, (response) => {
        response.writeHead(200, { ...CONFIRMED, ...length }).end(document)
      })
      const connection = complete(t, rig)
      await connection.closed()
      t.equal(unchunked(connection.text), document.replace(INNER, OWN))
      t.notMatch(connection.text, '10.0.0.1')
    }
  }
})

t.test(
  'blanks before the document pass as they come, then the result or the late error',
  async (t) => {
    for (const [document, expected] of [
      [result(INNER), result(OWN)],
      [LATE_ERROR, LATE_ERROR],
    ] as const) {
      let finish = (): void => undefined
      const rig = await startBefore(t, (response) => {
        response.writeHead(200, CONFIRMED)
        response.write(`${DECLARATION} `)
        finish = () => response.end(`  ${document}`)
      })
      const connection = complete(t, rig)
      t.ok(await connection.until(/encoding="UTF-8"\?>\n /), 'before the document is there')
      finish()
      await connection.closed()
      t.equal(unchunked(connection.text), `${DECLARATION}   ${expected}`)
    }
  },
)

t.test('to a client of HTTP/1.0 the end of the connection is the end', async (t) => {
  const rig = await startBefore(t, (response) => {
    response.writeHead(200, CONFIRMED).end(result(INNER))
  })
  const connection = complete(t, rig, '1.0')
  await connection.closed()
  t.equal(connection.text.slice(connection.text.indexOf('\r\n\r\n') + 4), result(OWN))
})

t.test('a Location that breaks off cuts the client off', async (t) => {
  const rig = await startBefore(t, (response) => {
    response.writeHead(200, CONFIRMED).end('<a><Location>http://10.0.0.1/')
  })
  const connection = complete(t, rig)
  await connection.closed()
  t.notMatch(connection.text, /10\.0\.0\.1|0\r\n\r\n$/)
})
