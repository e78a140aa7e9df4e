import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { type Answerer, errorDocument, type StandIn, startStandIn } from './stand-in.ts'

/* What `guards.maxBytes` asks S3 for before a copy or a completion is sent. */

const HOME = 'eu-west-1'
const GUARDS = '{ maxBytes: 100 }'

const COPY = {
  method: 'PUT',
  path: '/bucket/copy',
  headers: { 'x-amz-copy-source': '/source/key' },
} as const
const COMPLETION = {
  method: 'POST',
  path: '/bucket/key?uploadId=1',
  body: '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"a"</ETag></Part></CompleteMultipartUpload>',
} as const

const PARTS =
  '<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>50</Size></Part></ListPartsResult>'
const RESULT = '<Result><ETag>"a"</ETag></Result>'

/** S3 with objects and parts of 50 bytes. */
const small: Answerer = ({ method }, response) => {
  const fields = { etag: '"a"', 'content-length': '50' }
  if (method === 'HEAD') response.writeHead(200, fields).end()
  else response.writeHead(200).end(method === 'GET' ? PARTS : RESULT)
}

/** The same in another region than is known, which it names in one of S3's ways. */
const ELSEWHERE: Readonly<Record<string, Answerer>> = {
  '301 with the header': (_, response) => {
    const fields = { 'x-amz-bucket-region': HOME }
    response.writeHead(301, fields).end(errorDocument('PermanentRedirect', '…'))
  },
  '400 for the signed region': ({ method }, response) => {
    const document = errorDocument('AuthorizationHeaderMalformed', '…', `<Region>${HOME}</Region>`)
    response.writeHead(400, method === 'HEAD' ? { 'x-amz-bucket-region': HOME } : {}).end(document)
  },
}

function told({ received }: StandIn): readonly string[] {
  return received.map(({ method, path, region }) => `${method} ${path.split('?')[0]} ${region}`)
}

for (const [name, refuse] of Object.entries(ELSEWHERE)) {
  t.test(`the questions follow a region that is not known yet: ${name}`, async (t) => {
    const s3 = await startStandIn((request, response) =>
      (request.region === HOME ? small : refuse)(request, response),
    )
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}`, guards: GUARDS })
    t.teardown(async () => {
      await rig.close()
      await s3.close()
    })
    t.equal((await send(rig.port, COMPLETION)).status, 200)
    t.strictSame(told(s3), [
      'GET /bucket/key us-east-1',
      `GET /bucket/key ${HOME}`,
      `POST /bucket/key ${HOME}`,
      // The encryption, as the answer does not name it.
      `HEAD /bucket/key ${HOME}`,
    ])
    t.equal((await send(rig.port, COPY)).status, 200)
    t.strictSame(told(s3).slice(4), [
      'HEAD /source/key us-east-1',
      `HEAD /source/key ${HOME}`,
      `PUT /bucket/copy ${HOME}`,
      `HEAD /bucket/copy ${HOME}`,
    ])
    t.match(rig.log(), /the bucket is in another region/)
  })
}

t.test('a question that S3 does not answer is counted with its cause', async (t) => {
  // Port 1 is nobody's.
  const rig = await startProxy({ endpoint: 'http://127.0.0.1:1', guards: GUARDS })
  t.teardown(() => rig.close())
  const failures = () => rig.count('sealgate_upstream_errors_total', 'kind="connect"')
  let counted = 0
  for (const request of [COPY, COMPLETION]) {
    const answer = await send(rig.port, request)
    t.match(answer, { status: 503, headers: { 'x-sealgate-reason': 'object-size-unknown' } })
    t.ok((await failures()) > counted)
    counted = await failures()
  }
})

t.test('a client that goes away meanwhile leaves nothing behind', async (t) => {
  const waiting: (() => void)[] = []
  let asked = (): void => undefined
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const s3 = await startStandIn((request, response) => {
    waiting.push(() => small(request, response))
    asked()
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}`, guards: GUARDS })
  t.teardown(async () => {
    await rig.close()
    await s3.close()
  })
  const client = new AbortController()
  const sent = send(rig.port, { ...COMPLETION, signal: client.signal })
  await isAsked
  client.abort()
  await t.rejects(sent)
  for (const answer of waiting) answer()
  const inflight = () => rig.count('sealgate_inflight_requests', '')
  while ((await inflight()) > 0) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(told(s3), ['GET /bucket/key us-east-1'], 'the completion is not sent')
})
