import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import { ACCESS_KEY_BYTES, SALT_BYTES, sealSession } from '../../src/sts/session-token.ts'
import { Issuer, makeIssuerKey } from './issuer.ts'
import { type YamlOptions, yamlFor } from './program-scene.ts'
import { SealgateProcess } from './sealgate-process.ts'
import { type Answer, send, sendRaw } from './signed-request.ts'

/** Session keys as STS issues them. */
interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** The ports of the two listeners of a program. */
export interface Gateway {
  readonly s3: number
  readonly sts: number
}

/**
 * Two programs, the first with two workers, that share sealing keys and an issuer: every process of
 * them takes session keys of every other. Their client `billing` may use one bucket.
 */
export class SessionGateways {
  readonly issuer: Issuer
  readonly gateways: readonly Gateway[]
  readonly #programs: readonly SealgateProcess[]
  readonly #files: readonly string[]
  readonly #seals: readonly string[]
  readonly #bucket: string

  private constructor(
    issuer: Issuer,
    programs: readonly SealgateProcess[],
    files: readonly string[],
    seals: readonly string[],
    bucket: string,
  ) {
    this.issuer = issuer
    this.#programs = programs
    this.gateways = programs.map((program): Gateway => {
      const [s3, sts] = program.lines('listening')[0]?.listen ?? []
      return { s3: s3?.port ?? 0, sts: sts?.port ?? 0 }
    })
    this.#files = files
    this.#seals = seals
    this.#bucket = bucket
  }

  /** `upstream`: where S3 is. */
  static async start(
    folder: string,
    bucket: string,
    upstream: YamlOptions,
  ): Promise<SessionGateways> {
    await mkdir(folder, { recursive: true })
    const issuer = await Issuer.open()
    const files = ['seal-1', 'seal-2'].map((name) => join(folder, name))
    const seals = files.map(() => randomBytes(32).toString('base64'))
    await writeSeals(files, seals)
    const programs: SealgateProcess[] = []
    for (const workers of [2, 1]) {
      const file = join(folder, `sealgate-${workers}.yaml`)
      await writeFile(
        file,
        yamlFor({
          ...upstream,
          listen: "  - address: '127.0.0.1:0'\n  - { kind: sts, address: '127.0.0.1:0' }",
          clients: `
  - name: billing
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:billing:*'] }
    buckets: [${bucket}]`,
          more: `workers: ${workers}
audit: { destination: { file: '${join(folder, `audit-${workers}.jsonl`)}' } }
sts:
  issuers: [{ name: cluster, issuer: '${issuer.url}', audiences: [sealgate] }]
  sealingKeys: [${files.map((seal) => `{ file: '${seal}' }`).join(', ')}]`,
        }),
      )
      programs.push(await SealgateProcess.serve(file))
    }
    return new SessionGateways(issuer, programs, files, seals, bucket)
  }

  async close(): Promise<void> {
    for (const program of this.#programs) await program.close()
    this.issuer.close()
  }

  /** Keys from each gateway, used at each, over connections that reach every worker. */
  async round(): Promise<readonly Keys[]> {
    const token = await this.issuer.token()
    const issued = await Promise.all(
      this.gateways.flatMap((of) => [assume(of, token), assume(of, token)]),
    )
    await this.#putByEach(issued)
    return issued
  }

  /** Puts sealing keys and the issuer's keys in another order while rounds run; returns their number. */
  async rotateUnderLoad(): Promise<number> {
    const old = await this.round()
    let isOver = false
    let rounds = 0
    const load = (async () => {
      while (!isOver) {
        await this.round()
        rounds++
      }
    })()
    try {
      await writeSeals(this.#files, [...this.#seals].reverse())
      await Promise.all(this.#programs.map((program) => program.logged('certificates renewed')))
      this.issuer.keys = [await makeIssuerKey('RS256', 'key-2'), ...this.issuer.keys]
      const from = rounds
      while (rounds < from + 2) await this.round()
    } finally {
      isOver = true
      await load
    }
    await this.#putByEach(old)
    return rounds
  }

  /** Uses keys that are about to end until they are refused; returns the refusal and how often they served. */
  async useToTheEnd(
    seconds: number,
  ): Promise<{ readonly refusal: Answer; readonly served: number }> {
    const expiresAt = Math.ceil(Date.now() / 1000) + seconds
    const keys = sealSession(
      new SealingKey(Buffer.from(this.#seals[0] ?? '', 'base64')),
      {
        client: 'billing',
        issuer: this.issuer.url,
        subject: 'system:serviceaccount:billing:app',
        sessionName: 'short',
        tokenId: 'a',
        expiresAt,
      },
      { salt: randomBytes(SALT_BYTES), accessKey: randomBytes(ACCESS_KEY_BYTES) },
    )
    const [gateway] = this.gateways
    if (gateway === undefined) throw new Error('no gateway')
    for (let served = 0; ; served++) {
      const answer = await this.#put(gateway, keys)
      const isOver = Date.now() >= expiresAt * 1000
      if (answer.status !== 200 && !isOver) throw new Error(`ended early: ${answer.text}`)
      if (answer.status !== 200) return { refusal: answer, served }
      if (Date.now() > (expiresAt + 60) * 1000) throw new Error('they still serve')
    }
  }

  async #putByEach(issued: readonly Keys[]): Promise<void> {
    const answers = await Promise.all(
      this.gateways.flatMap((of) => issued.map((keys) => this.#put(of, keys))),
    )
    for (const { status, text } of answers) if (status !== 200) throw new Error(text)
  }

  #put({ s3 }: Gateway, keys: Keys): Promise<Answer> {
    const headers = { 'x-amz-security-token': keys.sessionToken }
    const path = `/${this.#bucket}/k`
    return send(s3, { method: 'PUT', path, headers, body: 'x', credentials: keys })
  }
}

async function writeSeals(files: readonly string[], order: readonly string[]): Promise<void> {
  for (const [i, file] of files.entries()) await writeFile(file, order[i] ?? '')
}

async function assume({ sts }: Gateway, token: string): Promise<Keys> {
  const parameters = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::000000000000:role/billing',
    RoleSessionName: 'load',
    WebIdentityToken: token,
  }
  const body = Buffer.from(new URLSearchParams(parameters).toString())
  const headers = {
    host: `127.0.0.1:${sts}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  }
  const { status, text } = await sendRaw(sts, 'POST', '/', headers, body)
  if (status !== 200) throw new Error(text)
  const of = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? ''
  return {
    accessKeyId: of('AccessKeyId'),
    secretAccessKey: of('SecretAccessKey'),
    sessionToken: of('SessionToken'),
  }
}
