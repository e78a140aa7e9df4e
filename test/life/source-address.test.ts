import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { startLife } from '../support/program-scene.ts'
import { requestLines } from '../support/request-lines.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const IPV4 = Buffer.from([192, 0, 2, 9, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xbb])

/** A PROXY header of version 2. */
function header(command: number, family: number, rest: Buffer): Buffer {
  const fixed = Buffer.from([command, family, 0, 0])
  fixed.writeUInt16BE(rest.length, 2)
  return Buffer.concat([SIGNATURE, fixed, rest])
}

const PROXIED = header(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([0x03, 0, 4, 1, 2, 3, 4])]))

function request(path: string, fields = '', connection = 'close'): string {
  return `GET /bucket/${path} HTTP/1.1\r\nHost: localhost\r\n${fields}Connection: ${connection}\r\n\r\n`
}

/** Sends the pieces, each when the one before has gone; gives what came back. */
async function exchange(
  port: number,
  isTls: boolean,
  before: readonly Buffer[],
  text: string,
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  for (const piece of before) {
    await new Promise((resolve) => socket.write(piece, resolve))
    await new Promise(setImmediate)
  }
  const stream: Socket = isTls ? connectTls({ socket, rejectUnauthorized: false }) : socket
  let answer = ''
  stream.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  stream.on('error', () => undefined)
  stream.write(text)
  await new Promise((resolve) => stream.once('close', resolve))
  return answer
}

const folder = await mkdtemp(join(tmpdir(), 'sealgate-source-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const pair = writePair(folder, 'server', makeCertificate())
const TLS = `tls: { certFile: '${pair.certFile}', keyFile: '${pair.keyFile}' }`

async function sourcesOf(
  t: Test,
  setting: string,
  workers: number,
  ask: (port: number) => Promise<void>,
): Promise<ReadonlyMap<unknown, unknown>> {
  const listen = `  - address: '127.0.0.1:0'\n    ${setting}`
  const { sealgate } = await startLife(t, { listen, more: `workers: ${workers}` })
  await ask(sealgate.port)
  sealgate.signal('SIGTERM')
  const lines = requestLines((await sealgate.end).stdout)
  return new Map(lines.map(({ key, sourceIp }) => [key, sourceIp]))
}

for (const [isTls, workers] of [
  [false, 2],
  [true, 1],
] as const) {
  t.test(`a PROXY header, over ${isTls ? 'TLS' : 'HTTP'}, workers: ${workers}`, async (t) => {
    const setting = `proxyProtocol: { from: [127.0.0.0/8] }\n    forwardedFor: { from: [192.0.2.0/24, 10.0.0.0/8] }\n    ${isTls ? TLS : ''}`
    const sources = await sourcesOf(t, setting, workers, async (port) => {
      const whole = await exchange(
        port,
        isTls,
        [PROXIED],
        request('whole', '', 'keep-alive') + request('second'),
      )
      t.equal(whole.match(/HTTP\/1\.1 403/g)?.length, 2)
      const pieces = [PROXIED.subarray(0, 5), PROXIED.subarray(5, 20), PROXIED.subarray(20)]
      t.match(await exchange(port, isTls, pieces, request('pieces')), 'HTTP/1.1 403')
      const ipv6 = Buffer.alloc(36)
      ipv6.writeUInt16BE(0x2001, 0)
      ipv6.writeUInt16BE(0x0db8, 2)
      ipv6.writeUInt8(7, 15)
      await exchange(port, isTls, [header(0x21, 0x21, ipv6)], request('ipv6'))
      const fields = 'X-Forwarded-For: 1.1.1.1, 198.51.100.4\r\nX-Forwarded-For: 10.1.1.1\r\n'
      await exchange(port, isTls, [PROXIED], request('far', fields))
      await exchange(port, isTls, [header(0x20, 0x00, Buffer.alloc(0))], request('local'))
      for (const malformed of [
        Buffer.from('PROXY TCP4 192.0.2.9 10.0.0.1 1 2\r\n'),
        header(0x22, 0x11, IPV4),
        header(0x21, 0x11, IPV4.subarray(0, 8)),
        header(0x21, 0x31, Buffer.alloc(216)),
        header(0x21, 0x11, Buffer.alloc(4096)),
      ]) {
        t.equal(await exchange(port, isTls, [malformed], request('malformed')), '')
      }
      if (!isTls) t.equal(await exchange(port, isTls, [], request('none')), '')
    })
    t.strictSame([...sources].sort(), [
      ['far', '198.51.100.4'],
      ['ipv6', '2001:db8::7'],
      ['local', '127.0.0.1'],
      ['pieces', '192.0.2.9'],
      ['second', '192.0.2.9'],
      ['whole', '192.0.2.9'],
    ])
  })
}

t.test('a network that is not trusted gets a header answered as malformed HTTP', async (t) => {
  const setting = 'proxyProtocol: { from: [192.0.2.0/24] }'
  const sources = await sourcesOf(t, setting, 1, async (port) => {
    t.match(await exchange(port, false, [PROXIED], request('a')), 'HTTP/1.1 400')
    t.match(await exchange(port, false, [], request('direct')), 'HTTP/1.1 403')
  })
  t.strictSame([...sources], [['direct', '127.0.0.1']])
})
