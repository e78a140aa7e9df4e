import type { S3Request } from '../support/s3-client.ts'
import { encodeKey, type Field } from '../support/signer.ts'
import type { Answer } from '../support/wire.ts'
import { xmlText } from '../support/xml.ts'
import type { Target } from './target.ts'

/** What a case gets: a target, a bucket of the suite, a key of its own. */
export class Run {
  readonly target: Target
  readonly bucket: string
  /** No other case uses keys that begin so. */
  readonly key: string

  constructor(target: Target, bucket: string, key: string) {
    this.target = target
    this.bucket = bucket
    this.key = key
  }

  /** The raw target of a key of the bucket (UTF-8, encoded), with a raw query. */
  path(key = this.key, query = ''): string {
    return `/${this.bucket}/${encodeKey(key)}${query === '' ? '' : `?${query}`}`
  }

  /** Asks the target about the case's own key; `request` overrides any part. */
  ask(method: string, request: Omit<Partial<S3Request>, 'method'> = {}): Promise<Answer> {
    return this.target.client.send({ method, target: this.path(), ...request })
  }

  /** Puts an object at the S3 server itself, past whatever stands in front. */
  async seed(key: string, body: Buffer | string = 'seed', fields: readonly Field[] = []) {
    const answer = await this.target.upstream.send({
      method: 'PUT',
      target: this.path(key),
      body,
      fields,
    })
    if (answer.status !== 200) throw new Error(`seed ${key}: ${answer.status} ${answer.body}`)
    return answer
  }

  /** How the S3 server itself says that the key is stored: `none` where there is no object. */
  async stored(key = this.key): Promise<string> {
    const answer = await this.target.upstream.send({ method: 'HEAD', target: this.path(key) })
    if (answer.status === 404) return 'none'
    if (answer.status === 400) return 'SSE-C'
    return this.encryption(answer)
  }

  /** What the S3 server itself has under the key; undefined where it has none. */
  async content(key = this.key): Promise<string | undefined> {
    const answer = await this.target.upstream.send({ method: 'GET', target: this.path(key) })
    return answer.status === 200 ? answer.body.toString('latin1') : undefined
  }

  /** The encryption that an answer tells of: `plain`, `AES256`, `aws:kms one`, `SSE-C`. */
  encryption(answer: Answer): string {
    const algorithm = answer.headers.get('x-amz-server-side-encryption')
    if (answer.headers.has('x-amz-server-side-encryption-customer-algorithm')) return 'SSE-C'
    if (algorithm === undefined) return 'plain'
    const keyId = answer.headers.get('x-amz-server-side-encryption-aws-kms-key-id')
    return keyId === undefined ? algorithm : `${algorithm} ${this.#keyName(keyId)}`
  }

  /** Status and, of an error, the code; of a success, the encryption told. */
  outcome(answer: Answer): { readonly answer: string } {
    const code = xmlText(answer.body, 'Code')
    if (code !== undefined) return { answer: `${answer.status} ${code}` }
    return {
      answer:
        answer.status < 300 ? `${answer.status} ${this.encryption(answer)}` : `${answer.status}`,
    }
  }

  #keyName(keyId: string): string {
    const { one, two } = this.target.kms
    if (keyId === one) return 'one'
    return keyId === two ? 'two' : 'other'
  }
}

/** Status and error code alone. */
export function statusOf(answer: Answer): string {
  const code = xmlText(answer.body, 'Code')
  return code === undefined ? `${answer.status}` : `${answer.status} ${code}`
}
