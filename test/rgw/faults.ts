import { randomBytes } from 'node:crypto'
import { mustEqual } from '../clients/scene.ts'
import type { Report } from '../support/report.ts'
import { S3Client } from '../support/s3-client.ts'
import { SuiteSealgate } from '../support/suite-sealgate.ts'
import { xmlText } from '../support/xml.ts'
import { RGW, restartRadosgw, signalDaemon } from './rgw.ts'
import {
  type PausedUpload,
  startDownload,
  startUpload,
  type TransferEnd,
  transfer,
} from './slow-client.ts'

const SUITE = 'faults'
const UPLOAD_BYTES = 8 << 20
const DOWNLOAD_BYTES = 48 << 20

/** What goes wrong with the real server, with Sealgate, and with what lies below; nobody may be lied to. */
export async function runFaults(folder: string, report: Report): Promise<void> {
  // Short limits, so that a server that says nothing is noticed soon.
  const limits = { headersTimeout: '3s', bodyIdle: '3s' }
  const sealgate = await SuiteSealgate.start(RGW, folder, limits)
  const faults = new Faults(sealgate)
  await faults.makeBucket()
  const checks = {
    'RGW killed in the middle of an upload': () => faults.rgwKilledInUpload(),
    'RGW killed in the middle of a part': () => faults.rgwKilledInPart(),
    'RGW killed in the middle of a download': () => faults.rgwKilledInDownload(),
    'RGW down: an S3 error, and all is well after its return': () => faults.rgwDown(),
    'RGW killed under load: what was promised is stored': () =>
      faults.killedUnderLoad(async () => {
        signalDaemon('rgw', 'SIGKILL')
        await restartRadosgw()
      }),
    'the OSD stopped: an S3 error, and all is well after its return': () => faults.osdStopped(),
    'the OSD stopped in the middle of a download': () => faults.osdStoppedInDownload(),
    'one Sealgate served all of it': async () => mustEqual(sealgate.starts, 1, 'starts'),
    'Sealgate killed in the middle of an upload': () => faults.sealgateKilledInUpload(),
    'Sealgate killed in the middle of a download': () => faults.sealgateKilledInDownload(),
    'Sealgate killed under load: what was promised is stored': () =>
      faults.killedUnderLoad(async () => {
        await sealgate.kill()
        await sealgate.restart()
      }),
    'no object is partial, none without the policy’s encryption': () => faults.allWhole(),
  }
  for (const [name, check] of Object.entries(checks)) await report.check(SUITE, name, check)
  faults.close()
  await sealgate.stop()
}

/** The bucket of the suite, and what every key may hold. */
class Faults {
  readonly #sealgate: SuiteSealgate
  readonly #client: S3Client
  readonly #upstream = new S3Client(RGW.address, RGW.keys, RGW.region)
  readonly #bucket = `faults-${Date.now().toString(36)}`
  /** Content that a client tried to store under each key. */
  readonly #tried = new Map<string, Buffer>()
  /** Keys whose upload was answered with success. */
  readonly #promised = new Set<string>()

  constructor(sealgate: SuiteSealgate) {
    this.#sealgate = sealgate
    const { address, keys, region } = sealgate.access
    this.#client = new S3Client(address, keys, region)
  }

  async makeBucket(): Promise<void> {
    const made = await this.#upstream.send({ method: 'PUT', target: `/${this.#bucket}` })
    mustEqual(made.status, 200, 'status of the new bucket')
  }

  close(): void {
    this.#client.close()
    this.#upstream.close()
  }

  async rgwKilledInUpload(): Promise<void> {
    const upload = await this.#halfAnUpload('rgw-killed-in-upload')
    signalDaemon('rgw', 'SIGKILL')
    const end = await upload.finish()
    await restartRadosgw()
    mustNotSucceed(end)
    await this.#mustBeAbsent('rgw-killed-in-upload')
    await this.#mustWork('rgw-killed-in-upload')
  }

  async rgwKilledInPart(): Promise<void> {
    const target = this.#path('rgw-killed-in-part')
    const created = await this.#client.send({ method: 'POST', target: `${target}?uploads` })
    const uploadId = xmlText(created.body, 'UploadId')
    const body = randomBytes(UPLOAD_BYTES)
    const part = { method: 'PUT', target: `${target}?partNumber=1&uploadId=${uploadId}`, body }
    const wire = this.#client.prepare({ ...part, payload: 'unsigned' })
    const upload = await startUpload(this.#client.address, wire, UPLOAD_BYTES / 2)
    await this.#underWay()
    signalDaemon('rgw', 'SIGKILL')
    const end = await upload.finish()
    await restartRadosgw()
    mustNotSucceed(end)
    const again = await this.#client.send(part)
    mustEqual(again.status, 200, 'status of the part, sent again')
    const etag = again.headers.get('etag')
    const list = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
    const completed = await this.#client.send({
      method: 'POST',
      target: `${target}?uploadId=${uploadId}`,
      body: `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
    })
    mustEqual(completed.status, 200, 'status of the completion')
    this.#tried.set('rgw-killed-in-part', body)
    this.#promised.add('rgw-killed-in-part')
  }

  async rgwKilledInDownload(): Promise<void> {
    const download = await this.#halfADownload('rgw-killed-in-download')
    signalDaemon('rgw', 'SIGKILL')
    const end = await download.finish()
    await restartRadosgw()
    mustBeCut(end)
    await this.#mustRead('rgw-killed-in-download')
  }

  async rgwDown(): Promise<void> {
    await this.#mustWork('rgw-down')
    signalDaemon('rgw', 'SIGKILL')
    const wire = this.#client.prepare({ method: 'GET', target: this.#path('rgw-down') })
    const read = await transfer(this.#client.address, wire)
    const written = await this.#put('rgw-down-2', randomBytes(1000))
    await restartRadosgw()
    for (const end of [read, written]) {
      mustEqual(end.status >= 500 && end.whole, true, `an S3 error, not ${end.status}`)
      mustEqual(xmlText(end.body, 'Code') !== undefined, true, 'an error document')
    }
    await this.#mustBeAbsent('rgw-down-2')
    await this.#mustRead('rgw-down')
    await this.#mustWork('rgw-down-2')
  }

  async osdStopped(): Promise<void> {
    await this.#mustWork('osd-stopped')
    signalDaemon('osd', 'SIGSTOP')
    const wire = this.#client.prepare({ method: 'GET', target: this.#path('osd-stopped') })
    const ends = await Promise.all([
      transfer(this.#client.address, wire),
      this.#put('osd-stopped-small', randomBytes(1000)),
      this.#put('osd-stopped-large', randomBytes(UPLOAD_BYTES)),
    ]).finally(() => signalDaemon('osd', 'SIGCONT'))
    for (const end of ends) mustNotSucceed(end)
    await this.#mustRead('osd-stopped')
    // Other keys: what was under way at the server may still be stored when the OSD goes on.
    await this.#mustWork('osd-stopped-again')
  }

  async osdStoppedInDownload(): Promise<void> {
    const download = await this.#halfADownload('osd-stopped-in-download')
    signalDaemon('osd', 'SIGSTOP')
    const end = await download.finish().finally(() => signalDaemon('osd', 'SIGCONT'))
    mustBeCut(end)
    await this.#mustRead('osd-stopped-in-download')
  }

  async sealgateKilledInUpload(): Promise<void> {
    const upload = await this.#halfAnUpload('sealgate-killed-in-upload')
    await this.#sealgate.kill()
    mustNotSucceed(await upload.finish())
    await this.#sealgate.restart()
    await this.#mustBeAbsent('sealgate-killed-in-upload')
    await this.#mustWork('sealgate-killed-in-upload')
  }

  async sealgateKilledInDownload(): Promise<void> {
    const download = await this.#halfADownload('sealgate-killed-in-download')
    await this.#sealgate.kill()
    mustBeCut(await download.finish())
    await this.#sealgate.restart()
    await this.#mustRead('sealgate-killed-in-download')
  }

  /** A hundred uploads, eight at once; the fault comes when a third of them are through. */
  async killedUnderLoad(fault: () => Promise<void>): Promise<void> {
    const name = `load-${this.#tried.size}`
    let next = 0
    let failed = 0
    let done = 0
    let broken: Promise<void> | undefined
    const worker = async () => {
      while (next < 100) {
        const key = `${name}/${next++}`
        const end = await this.#put(key, randomBytes(1 + ((next * 7919) % 300_000)))
        if (end.status !== 200) failed++
        if (++done === 33) broken = fault()
        // A client that was refused waits for the server's return.
        if (end.status !== 200) await broken
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    await broken
    mustEqual(failed > 0 && failed < 50, true, `some uploads fail and most do not: ${failed}`)
    await this.#mustWork(`${name}/afterwards`)
  }

  /** Asks the server for every object: whole, encrypted, and there if a client was told so. */
  async allWhole(): Promise<void> {
    const wrong: string[] = []
    for (const [key, content] of this.#tried) {
      const target = this.#path(key)
      const answer = await this.#upstream.send({ method: 'GET', target })
      if (answer.status === 404 && !this.#promised.has(key)) continue
      if (!answer.body.equals(content)) wrong.push(`${key}: ${answer.status}, not what was sent`)
      const keyId = answer.headers.get('x-amz-server-side-encryption-aws-kms-key-id')
      if (answer.status === 200 && keyId !== RGW.kms.one) wrong.push(`${key} is not encrypted`)
    }
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  }

  #path(key: string): string {
    return `/${this.#bucket}/${key}`
  }

  async #put(key: string, body: Buffer): Promise<TransferEnd> {
    this.#tried.set(key, body)
    const wire = this.#client.prepare({ method: 'PUT', target: this.#path(key), body })
    const end = await transfer(this.#client.address, wire)
    if (end.status === 200) this.#promised.add(key)
    return end
  }

  async #halfAnUpload(key: string): Promise<PausedUpload> {
    const body = randomBytes(UPLOAD_BYTES)
    this.#tried.set(key, body)
    const request = { method: 'PUT', target: this.#path(key), body, payload: 'unsigned' } as const
    const wire = this.#client.prepare(request)
    const upload = await startUpload(this.#client.address, wire, UPLOAD_BYTES / 2)
    await this.#underWay()
    return upload
  }

  async #halfADownload(key: string) {
    const body = Buffer.alloc(DOWNLOAD_BYTES, key)
    const put = await this.#put(key, body)
    mustEqual(put.status, 200, 'status of the object to read')
    const wire = this.#client.prepare({ method: 'GET', target: this.#path(key) })
    const download = await startDownload(this.#client.address, wire)
    mustEqual(download.status, 200, 'status of the download')
    return download
  }

  /** Waits until Sealgate has the request and has sent some of it on. */
  async #underWay(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      if ((await this.#sealgate.metric('sealgate_inflight_requests')) > 0) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error('the request does not get to Sealgate')
  }

  async #mustBeAbsent(key: string): Promise<void> {
    const answer = await this.#upstream.send({ method: 'HEAD', target: this.#path(key) })
    mustEqual(answer.status, 404, `status of ${key} at the server`)
  }

  /** Writes and reads the key through the same Sealgate. */
  async #mustWork(key: string): Promise<void> {
    const end = await this.#put(key, randomBytes(100_000))
    mustEqual(end.status, 200, `status of ${key}, sent again: ${end.body}`)
    await this.#mustRead(key)
  }

  async #mustRead(key: string): Promise<void> {
    const answer = await this.#client.send({ method: 'GET', target: this.#path(key) })
    const same = answer.body.equals(this.#tried.get(key) ?? Buffer.alloc(0))
    mustEqual([answer.status, same], [200, true], `${key}, read again`)
  }
}

function mustNotSucceed(end: TransferEnd): void {
  const error = end.status >= 500 && xmlText(end.body, 'Code') !== undefined
  mustEqual(error || end.status === 0, true, `an S3 error or a cut, not ${end.status} ${end.body}`)
}

function mustBeCut(end: TransferEnd): void {
  mustEqual(end.whole, false, `the body of ${end.body.length} octets looks whole`)
  mustEqual(end.body.length < DOWNLOAD_BYTES, true, 'it was cut before its end')
}
