import t from 'tap'
import { planCase } from './generate-case.ts'
import { judge } from './judge.ts'
import { readClientRequest } from './judge-origin.ts'
import { type Observation, readClient } from './run-case.ts'
import { readAnswer, readRequest } from './wire-reading.ts'
import { CLIENTS } from './world.ts'

/* What the oracle must not take for a fault: both were seen once in 10^5 cases. */

const REFUSED = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'

/** An exchange in which nothing reached S3. */
function observe(sent: string, received: string): Observation {
  const bytes = Buffer.from(received, 'latin1')
  const answer = readAnswer(bytes, 'GET', true)
  return {
    plan: { ...planCase('judge', 'header', 0), vanishes: false },
    sent: Buffer.from(sent, 'latin1'),
    client: readClient(Buffer.from(sent, 'latin1')),
    answers: answer.kind === 'message' ? [answer.message] : [],
    rest: '',
    received: bytes,
    arrivals: [],
    isSilent: false,
    neverEnded: 0,
  }
}

t.test('each request has its answer, but for bytes that node:http takes for none', async (t) => {
  const request = (method: string) => `${method} /bucket/k HTTP/1.1\r\nHost: h\r\n\r\n`
  const faultsOf = (second: string) =>
    judge(observe(request('GET') + request(second), REFUSED), Date.now()).faults
  t.strictSame(faultsOf('DELETE'), ['answers: one is missing'])
  t.strictSame(faultsOf('T'), [])
})

t.test(
  'a signature under a key that is known has to verify, any other may be ignored',
  async (t) => {
    const [known] = CLIENTS
    const readAs = (accessKeyId: string) => {
      const scope = `${accessKeyId}/20260101/us-east-1/s3/aws4_request`
      const text = `GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}\r\n\r\n`
      const read = readRequest(Buffer.from(text))
      if (read.kind !== 'message') throw new Error(read.kind)
      return readClientRequest(read.message, Date.now(), 'sidecar')
    }
    t.match(readAs(known?.accessKeyId ?? ''), /^not signed/)
    for (const key of [
      `${known?.accessKeyId}&`,
      `${known?.accessKeyId}=`,
      `X${known?.accessKeyId}`,
    ]) {
      t.match(readAs(key), { signed: 'anybody' }, key)
    }
  },
)
