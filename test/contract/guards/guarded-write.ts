import { postForm } from '../../support/post-form.ts'
import { encodeQuery, type Field } from '../../support/signer.ts'
import type { Answer } from '../../support/wire.ts'
import { xmlTexts } from '../../support/xml.ts'
import type { ContractCase, Observation } from '../contract-case.ts'
import { Run, statusOf } from '../run.ts'

/** What a client wants of an object, as each way to write one says it. */
export interface Wish {
  readonly fields?: readonly Field[]
  /** In a form; the same fields unless they have other names there. */
  readonly formFields?: readonly Field[]
  readonly body?: Buffer | string
}

/** The ways to ask for an object under the case's own key. */
const WAYS = {
  put: (run: Run, { fields = [], body = 'content' }: Wish) => run.ask('PUT', { fields, body }),
  /** Fields beside `Content-MD5` may stand in the query of a presigned URL. */
  presigned: (run: Run, { fields = [], body = 'content' }: Wish) => {
    const query = fields.map(([name, value]) => `${name}=${encodeQuery(value)}`).join('&')
    const target = run.target.client.presign({ method: 'PUT', target: run.path(run.key, query) })
    return run.target.client.sendBare('PUT', target, [], body)
  },
  copy: async (run: Run, { fields = [], body = 'content' }: Wish) => {
    await run.seed(`${run.key}-source`, body)
    const source: Field = ['x-amz-copy-source', run.path(`${run.key}-source`)]
    return run.ask('PUT', { fields: [source, ...fields] })
  },
  form: (run: Run, { fields = [], formFields = fields, body = 'content' }: Wish) =>
    postForm(run.target.client, {
      bucket: run.bucket,
      fields: [['key', run.key], ...formFields],
      file: body,
    }),
  create: (run: Run, { fields = [] }: Wish) =>
    run.ask('POST', { target: run.path(run.key, 'uploads'), fields }),
} as const

/** One of them. */
export type Way = keyof typeof WAYS

/** Asks for an object in that way. */
export function write(run: Run, way: Way, wish: Wish = {}): Promise<Answer> {
  return WAYS[way](run, wish)
}

/** Status and code of an answer, with Sealgate's reason if it refused. */
export function verdict(answer: Answer): string {
  const reason = answer.headers.get('x-sealgate-reason')
  return reason === undefined ? statusOf(answer) : `${statusOf(answer)} ${reason}`
}

/**
 * What was answered, and what the server has under the key: an object, an upload that was begun. `said`: the
 * encryption that the answer told of and that the server, asked again, denies.
 */
export async function answered(run: Run, answer: Answer): Promise<Observation> {
  const listed = await run.target.upstream.send({
    method: 'GET',
    target: `/${run.bucket}?uploads&prefix=${run.key}`,
  })
  const stored = await run.stored()
  const said = run.encryption(answer)
  return {
    answer: verdict(answer),
    stored,
    uploads: xmlTexts(listed.body, 'UploadId').length,
    ...(said !== 'plain' && stored !== 'none' && said !== stored && { said }),
  }
}

/** Nothing was stored or begun. */
export function refused(answer: string): Observation {
  return { answer, stored: 'none', uploads: 0 }
}

/** An object that was stored under the policy's key. */
export const SEALED: Observation = { answer: '200', stored: 'aws:kms one', uploads: 0 }

/** A case for each way in which the wish is refused. */
export function refusedCases(
  {
    id,
    says,
    answer,
    ...wish
  }: Wish & {
    readonly id: string
    readonly says: string
    readonly answer: string
  },
  ways: readonly Way[] = ['put', 'presigned', 'copy', 'form', 'create'],
): readonly ContractCase[] {
  return ways.map((way) => ({
    id: `${id}-${way}`,
    says: `${says} (${way})`,
    source: 'docs/configuration.md, Guards',
    run: async (run) => answered(run, await write(run, way, wish)),
    aws: refused(answer),
  }))
}

/** A copy that passed the guards, at RGW 16. */
export const COPIED_PLAIN = {
  see: {
    answer: '501 EncryptionNotConfirmed encryption-not-confirmed',
    stored: 'plain',
    uploads: 0,
  },
  cause: 'RGW 16 says 200 to a copy that it did not encrypt',
} as const

/** Asks the server itself about the case's own key. */
export function askServer(run: Run, method: string, query = ''): Promise<Answer> {
  return run.target.upstream.send({ method, target: run.path(run.key, query) })
}

/** A run in a bucket of the case's own, which is made at the server itself. */
export async function inOwnBucket(run: Run, fields: readonly Field[] = []): Promise<Run> {
  const own = new Run(run.target, `${run.bucket}-${run.key}`, run.key)
  const made = await own.target.upstream.send({ method: 'PUT', target: `/${own.bucket}`, fields })
  if (made.status !== 200) throw new Error(`no bucket: ${made.status} ${made.body}`)
  return own
}
