import t from 'tap'
import { makeCertificate } from './certificates.ts'
import { startEgressRig } from './egress-rig.ts'
import { connectThrough, openTls, type S3Request, sendAbsolute, sendOver } from './through-proxy.ts'

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
