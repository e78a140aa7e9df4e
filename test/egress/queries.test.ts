import t from 'tap'
import { makeCertificate } from '../support/certificates.ts'
import { startEgressRig } from './egress-rig.ts'
import { connectThrough, openTls, sendAbsolute, sendOver } from './through-proxy.ts'

const HOST = 'bucket.s3.us-east-1.amazonaws.com'

t.test('a raw ; in a query is data, in absolute-form and within CONNECT', async (t) => {
  const ca = makeCertificate()
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  await sendAbsolute(rig.port, { host: HOST, method: 'PUT', path: '/k', body: 'content' })
  const path = '/k?response-content-disposition=attachment;filename=x'
  const plain = await sendAbsolute(rig.port, { host: HOST, path })
  t.equal(plain.status, 200, plain.text)
  t.equal(plain.headers['content-disposition'], 'attachment;filename=x')
  const { socket } = await connectThrough(rig.port, `${HOST}:443`)
  const opened = await sendOver(await openTls(socket, HOST, ca.cert), { host: HOST, path })
  t.equal(opened.status, 200, opened.text)
  t.match(
    rig.received.at(-1)?.rawTarget,
    /\?response-content-disposition=attachment%3Bfilename%3Dx$/,
  )
})
