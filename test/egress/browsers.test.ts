import t from 'tap'
import { makeCertificate } from '../support/certificates.ts'
import { CLIENT } from '../support/rig.ts'
import { startEgressRig } from './egress-rig.ts'
import {
  basic,
  connectThrough,
  openTls,
  type S3Request,
  sendAbsolute,
  sendOver,
} from './through-proxy.ts'

const HOST = 'bucket.s3.us-east-1.amazonaws.com'
const ANONYMOUS = ['  - name: app', '    anonymous: true', "    buckets: ['*']"]

/** The form of a page that has no signature. */
const FORM: S3Request = {
  host: HOST,
  method: 'POST',
  path: '/',
  credentials: null,
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
  body: [
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ncontent',
    '--b--\r\n',
  ].join('\r\n'),
}

t.test('a form is told where its file is by the scheme that it was sent with', async (t) => {
  const ca = makeCertificate()
  const rig = await startEgressRig({ ca, clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const plain = await sendAbsolute(rig.port, FORM)
  t.equal(plain.status, 204, plain.text)
  t.equal(plain.headers.location, `http://${HOST}/k`)
  const { socket } = await connectThrough(rig.port, `${HOST}:443`)
  const opened = await sendOver(await openTls(socket, HOST, ca.cert), FORM)
  t.equal(opened.status, 204, opened.text)
  t.equal(opened.headers.location, `https://${HOST}/k`)
})

t.test("a page of another site cannot use the user's own proxy", async (t) => {
  for (const egress of [[], ['verifySignatures: false']]) {
    const rig = await startEgressRig({ clients: ANONYMOUS, egress })
    t.teardown(() => rig.close())
    const page = (site: string) => ({ ...FORM.headers, 'sec-fetch-site': site })
    const refused = await sendAbsolute(rig.port, { ...FORM, headers: page('cross-site') })
    t.equal(refused.headers['x-sealgate-reason'], 'anonymous', refused.text)
    t.equal(rig.received.length, 0)
    const own = await sendAbsolute(rig.port, { ...FORM, headers: page('same-origin') })
    t.equal(own.status, 204, own.text)
    const byOrigin = (origin: string) => ({ ...FORM, headers: { ...FORM.headers, origin } })
    const other = await sendAbsolute(rig.port, byOrigin('https://evil.example'))
    t.equal(other.headers['x-sealgate-reason'], 'anonymous', other.text)
    t.equal((await sendAbsolute(rig.port, byOrigin(`http://${HOST}`))).status, 204)
  }
})

t.test('who has a proxy password is known on every page', async (t) => {
  const rig = await startEgressRig({ egress: ['verifySignatures: false'] })
  t.teardown(() => rig.close())
  const proxyAuthorization = basic(CLIENT.accessKeyId, CLIENT.secretAccessKey)
  const headers = { ...FORM.headers, 'sec-fetch-site': 'cross-site' }
  const known = { ...headers, 'proxy-authorization': proxyAuthorization }
  t.equal((await sendAbsolute(rig.port, { ...FORM, headers: known })).status, 204)
})
