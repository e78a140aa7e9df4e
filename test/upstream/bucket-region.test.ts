import type { ServerResponse } from 'node:http'
import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { type Answerer, errorDocument, type Received, startStandIn } from './stand-in.ts'

const HOME = 'eu-west-1'
const LARGE = Buffer.alloc(300_000, 'x')

type Refuse = (request: Received, response: ServerResponse) => void

/** S3 whose bucket is in `HOME`: a request signed for another region gets the refusal. */
function bucketAtHome(refuse: Refuse): Answerer {
  return (request, response) => {
    if (request.region !== HOME) refuse(request, response)
    else response.writeHead(200, { 'x-amz-request-id': 'HOME' }).end(request.body)
  }
}

function answerError(
  response: ServerResponse,
  method: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  document: string,
): void {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers })
  response.end(method === 'HEAD' ? undefined : document)
}

const ENDPOINT = `<Endpoint>bucket.s3.${HOME}.amazonaws.com</Endpoint><Bucket>bucket</Bucket>`
const LOCATION = `https://bucket.s3.${HOME}.amazonaws.com/key`

const FORMS: Readonly<Record<string, Refuse>> = {
  '301 with the header': ({ method }, response) =>
    answerError(
      response,
      method,
      301,
      { 'x-amz-bucket-region': HOME, location: LOCATION },
      errorDocument('PermanentRedirect', 'The bucket you are attempting …', ENDPOINT),
    ),
  '307 with a location': ({ method }, response) =>
    answerError(
      response,
      method,
      307,
      { location: LOCATION },
      errorDocument('TemporaryRedirect', 'Please re-send …', ENDPOINT),
    ),
  '400 for the signed region': ({ method }, response) =>
    answerError(
      response,
      method,
      400,
      method === 'HEAD' ? { 'x-amz-bucket-region': HOME } : {},
      errorDocument(
        'AuthorizationHeaderMalformed',
        `The authorization header is malformed; the region 'us-east-1' is wrong; expecting '${HOME}'`,
        `<Region>${HOME}</Region>`,
      ),
    ),
  '400 for the location constraint': ({ method }, response) =>
    answerError(
      response,
      method,
      400,
      { 'x-amz-bucket-region': HOME },
      errorDocument('IllegalLocationConstraintException', `The ${HOME} location constraint is …`),
    ),
}

for (const [name, refuse] of Object.entries(FORMS)) {
  t.test(`${name}: learnt, and what is in memory is sent again`, async (t) => {
    for (const method of ['GET', 'HEAD', 'PUT'] as const) {
      const s3 = await startStandIn(bucketAtHome(refuse))
      const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
      const body = method === 'PUT' ? 'small' : ''
      const options = { method, path: '/bucket/key', ...(body === '' ? {} : { body }) }
      const first = await send(rig.port, options)
      t.equal(first.status, 200, `${method}: ${first.text}`)
      t.equal(first.headers['x-amz-request-id'], 'HOME')
      t.equal(first.headers.location, undefined)
      t.equal((await send(rig.port, options)).status, 200)
      const asked = s3.received.filter((one) => one.method === method)
      const regions = asked.map(({ region }) => region)
      t.strictSame(regions, ['us-east-1', HOME, HOME], 'one detour, and never again')
      t.ok(asked.every((one) => one.body.toString() === body))
      await send(rig.port, { path: '/other/key' })
      t.ok(
        s3.received.some((one) => one.path === '/other/key' && one.region === 'us-east-1'),
        'other buckets are where they were',
      )
      t.match(rig.log(), /the bucket is in another region/)
      await rig.close()
      await s3.close()
    }
  })

  t.test(`${name}: a body that has passed comes again from the client`, async (t) => {
    const s3 = await startStandIn(bucketAtHome(refuse))
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    const put = { method: 'PUT', path: '/bucket/key', body: LARGE }
    const first = await send(rig.port, put)
    t.equal(first.status, 503)
    t.match(first.text, /<Code>SlowDown<\/Code>/)
    t.notMatch(first.text, /amazonaws/)
    t.equal(first.headers['x-sealgate-reason'], 'bucket-region-learnt')
    t.equal(first.headers['retry-after'], '1')
    t.equal(first.headers.location, undefined)
    const second = await send(rig.port, put)
    t.equal(second.status, 200, second.text)
    t.equal(s3.received.at(-1)?.region, HOME)
  })
}

/** As S3 refuses a HEAD under a host without a region: nothing in the head tells why. */
const SILENT: Refuse = ({ method, path }, response) => {
  const headers = path === '/bucket' ? { 'x-amz-bucket-region': HOME } : {}
  answerError(response, method, 400, headers, '')
}

t.test('a HEAD that S3 refuses without a reason: the bucket is asked for its region', async (t) => {
  const s3 = await startStandIn(bucketAtHome(SILENT))
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const head = { method: 'HEAD', path: '/bucket/key' }
  const first = await send(rig.port, head)
  t.equal(first.status, 200)
  t.equal(first.headers['x-amz-request-id'], 'HOME')
  t.equal((await send(rig.port, head)).status, 200)
  t.strictSame(
    s3.received.map(({ method, path, region }) => [method, path, region]),
    [
      ['HEAD', '/bucket/key', 'us-east-1'],
      ['HEAD', '/bucket', 'us-east-1'],
      ['HEAD', '/bucket/key', HOME],
      ['HEAD', '/bucket/key', HOME],
    ],
  )
})

t.test('a HEAD that S3 refuses for another reason passes', async (t) => {
  for (const headers of [{}, { 'x-amz-bucket-region': 'us-east-1' }]) {
    const s3 = await startStandIn(({ method, path }, response) => {
      answerError(response, method, 400, path === '/bucket' ? headers : {}, '')
    })
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    const answer = await send(rig.port, { method: 'HEAD', path: '/bucket/key' })
    t.equal(answer.status, 400)
    t.equal(answer.headers['x-sealgate-reason'], undefined)
    t.equal(s3.received.length, 2)
    await rig.close()
    await s3.close()
  }
})

t.test(
  'a redirect that leads nowhere is an S3 error, without the way past the proxy',
  async (t) => {
    const answers: readonly (readonly [number, Readonly<Record<string, string>>, string])[] = [
      [301, { location: 'https://evil.example/' }, 'BadGateway'],
      [301, { 'x-amz-bucket-region': 'us-east-1', location: LOCATION }, 'BadGateway'],
      [301, { 'x-amz-bucket-region': 'a b', location: LOCATION }, 'BadGateway'],
      [302, { location: 'https://evil.example/' }, 'BadGateway'],
      [308, { location: 'https://evil.example/' }, 'BadGateway'],
      [307, { 'x-amz-bucket-region': 'us-east-1', location: LOCATION }, 'SlowDown'],
    ]
    for (const [status, headers, code] of answers) {
      const s3 = await startStandIn(({ method }, response) =>
        answerError(
          response,
          method,
          status,
          headers,
          errorDocument('PermanentRedirect', '', ENDPOINT.replace(HOME, 'us-east-1')),
        ),
      )
      const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
      const get = await send(rig.port, { path: '/bucket/key' })
      t.match(get.text, `<Code>${code}</Code>`)
      t.equal(get.headers['x-sealgate-reason'], 'bucket-redirected')
      const head = await send(rig.port, { method: 'HEAD', path: '/bucket/key' })
      t.equal(head.status, get.status)
      for (const answer of [get, head]) {
        t.equal(answer.headers.location, undefined)
        t.notMatch(answer.text, /Endpoint|evil|amazonaws/)
      }
      t.match(rig.log(), /check upstream\.endpoint/)
      await rig.close()
      await s3.close()
    }
  },
)

t.test('two places that each name the other do not make a loop', async (t) => {
  const s3 = await startStandIn(({ region, method }, response) => {
    const other = region === 'us-east-1' ? HOME : 'us-east-1'
    answerError(response, method, 301, { 'x-amz-bucket-region': other }, '')
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const get = await send(rig.port, { path: '/bucket/key' })
  t.equal(get.status, 502)
  t.equal(s3.received.length, 3)
})

t.test("a bucket that has moved is found again, and S3's other 400s pass unchanged", async (t) => {
  let home = HOME
  const s3 = await startStandIn(({ region, method, path }, response) => {
    if (path === '/bucket/refused') {
      const headers = { 'x-amz-bucket-region': 'eu-north-1' }
      answerError(response, method, 400, headers, errorDocument('EntityTooSmall', 'Too small.'))
    } else if (region === home) response.writeHead(204).end()
    else answerError(response, method, 301, { 'x-amz-bucket-region': home }, '')
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  t.equal((await send(rig.port, { path: '/bucket/key' })).status, 204)
  home = 'us-west-2'
  t.equal((await send(rig.port, { path: '/bucket/key' })).status, 204)
  t.equal(s3.received.at(-1)?.region, 'us-west-2')
  const refused = await send(rig.port, { path: '/bucket/refused' })
  t.equal(refused.status, 400)
  t.equal(refused.text, errorDocument('EntityTooSmall', 'Too small.'))
})

/** As S3 refuses a CreateBucket: the region in its message is what the client asked for. */
const CONSTRAINT = errorDocument(
  'IllegalLocationConstraintException',
  'The eu-north-1 location constraint is incompatible for the region specific endpoint this request was sent to.',
)

t.test('a region that S3 repeats after a client is not believed', async (t) => {
  const s3 = await startStandIn(({ method, path }, response) => {
    if (method === 'PUT' && path === '/bucket') answerError(response, method, 400, {}, CONSTRAINT)
    else response.writeHead(200, { 'x-amz-bucket-region': 'us-east-1' }).end()
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const created = await send(rig.port, {
    method: 'PUT',
    path: '/bucket',
    body: '<CreateBucketConfiguration><LocationConstraint>eu-north-1</LocationConstraint></CreateBucketConfiguration>',
  })
  t.equal(created.status, 400)
  t.equal(created.text, CONSTRAINT)
  const put = await send(rig.port, { method: 'PUT', path: '/bucket/key', body: LARGE })
  t.equal(put.status, 200, 'an upload that cannot be sent twice')
  t.ok(s3.received.every(({ region }) => region === 'us-east-1'))
})

t.test('a location constraint that is not met: the bucket is asked for its region', async (t) => {
  const s3 = await startStandIn(
    bucketAtHome(({ method, path }, response) => {
      const told = path === '/bucket' ? { 'x-amz-bucket-region': HOME } : {}
      answerError(response, method, 400, told, CONSTRAINT)
    }),
  )
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  t.equal((await send(rig.port, { path: '/bucket/key' })).status, 200)
  t.strictSame(
    s3.received.map(({ method, path, region }) => [method, path, region]),
    [
      ['GET', '/bucket/key', 'us-east-1'],
      ['HEAD', '/bucket', 'us-east-1'],
      ['GET', '/bucket/key', HOME],
    ],
  )
})

t.test('a region that cannot be reached is forgotten', async (t) => {
  let told: string | undefined = 'eu-nowhere-1'
  const s3 = await startStandIn(({ method }, response) => {
    if (told === undefined) response.writeHead(200).end()
    else answerError(response, method, 301, { 'x-amz-bucket-region': told }, '')
  })
  const rig = await startProxy({
    endpoint: `http://s3.us-east-1.amazonaws.com:${s3.port}`,
    resolve: (hostname) => (hostname.includes('nowhere') ? [] : ['127.0.0.1']),
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const first = await send(rig.port, { path: '/bucket/key' })
  t.equal(first.status, 503)
  t.equal(first.headers['x-sealgate-reason'], 'upstream-unreachable')
  told = undefined
  t.equal((await send(rig.port, { path: '/bucket/key' })).status, 200)
})

t.test('a region that sends the request back is forgotten', async (t) => {
  let isLost = true
  const s3 = await startStandIn(({ region, method }, response) => {
    if (!isLost && region === 'us-east-1') response.writeHead(200).end()
    else answerError(response, method, 301, { 'x-amz-bucket-region': HOME }, '')
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const first = await send(rig.port, { path: '/bucket/key' })
  t.equal(first.headers['x-sealgate-reason'], 'bucket-redirected')
  isLost = false
  t.equal((await send(rig.port, { path: '/bucket/key' })).status, 200)
})
