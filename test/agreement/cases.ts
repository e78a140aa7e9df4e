import fc from 'fast-check'
import { OPERATIONS, type Operation } from '../../src/s3/operation.ts'
import { buildForm, type Form } from '../support/form-request.ts'
import type { Field } from '../support/signer.ts'
import { buildWire, type Draft, newDraft, type Payload, type Wire } from './draft.ts'
import { EDITS, type EditName } from './edits.ts'
import { FORM_EDITS, type FormEditName } from './form-edits.ts'
import { SITE_NAMES, type SiteName } from './sites.ts'

/** How the requests of a run are authenticated. */
export type Mode = 'header' | 'presigned' | 'anonymous' | 'form'

export const MODES: readonly Mode[] = ['header', 'presigned', 'anonymous', 'form']

/** A request to be asked about, in words; the same words give the same request. */
export interface Case {
  readonly site: SiteName
  readonly operation: string
  readonly payload: Payload
  readonly edits: readonly string[]
  readonly build: (port: number) => Wire
}

/** Draws the requests of a mode. */
export function casesOf(mode: Mode): fc.Arbitrary<Case> {
  return mode === 'form' ? formCases() : requestCases(mode)
}

const COMMON: readonly string[] = [
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'GetObject',
  'RestoreObject',
  'OptionsPreflight',
]
const PAYLOADS: readonly Payload[] = [
  'hash',
  'hash',
  'unsigned',
  'none',
  'signed',
  'signed-trailer',
  'unsigned-trailer',
  'unknown',
]
const AUTH = { header: 'header', presigned: 'presigned', anonymous: 'none' } as const

function requestCases(mode: keyof typeof AUTH): fc.Arbitrary<Case> {
  const names = Object.keys(EDITS).filter((name): name is EditName => name in EDITS)
  const common = OPERATIONS.filter(({ name }) => COMMON.includes(name))
  return fc
    .record({
      site: fc.constantFrom(...SITE_NAMES),
      operation: fc.oneof(fc.constantFrom(...common), fc.constantFrom(...OPERATIONS)),
      payload: fc.constantFrom(...PAYLOADS),
      edits: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
    })
    .map(({ site, operation, payload, edits }) => ({
      site,
      operation: operation.name,
      payload,
      edits,
      build: (port: number) => {
        const draft = draftOf(operation, payload, AUTH[mode])
        for (const name of edits) EDITS[name](draft)
        return buildWire(draft, port)
      },
    }))
}

const PATHS = { service: '/', bucket: '/bucket', object: '/bucket/k' } as const
const VALUES: Readonly<Record<string, string>> = {
  partNumber: '1',
  'x-amz-copy-source': '/bucket/src',
  'x-amz-rename-source': '/bucket/src',
  origin: 'http://page.example',
  'access-control-request-method': 'PUT',
}
const RESTORE = '<RestoreRequest><Days>1</Days></RestoreRequest>'

/** A request for the operation, as a good client sends it. */
function draftOf(operation: Operation, payload: Payload, auth: Draft['auth']): Draft {
  const { method, level, query, requiredQuery, requiredHeaders } = operation
  const takesBody = operation.payload === 'streaming' || operation.payload === 'xml'
  const text = operation.name === 'RestoreObject' ? RESTORE : 'content'
  const isStreamed = operation.payload === 'streaming'
  return newDraft({
    method,
    path: PATHS[level],
    query: [
      ...query.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
      ...requiredQuery.map((name) => `${name}=${VALUES[name] ?? 'x'}`),
    ],
    fields: requiredHeaders.map((name): Field => [name, VALUES[name] ?? 'x']),
    body: Buffer.from(takesBody ? text : ''),
    // Only operations whose body streams take the streaming modes; some of the others are asked too.
    payload: isStreamed || !isStreaming(payload) ? payload : 'hash',
    auth,
  })
}

function isStreaming(payload: Payload): boolean {
  return payload === 'signed' || payload === 'signed-trailer' || payload === 'unsigned-trailer'
}

const BOUNDARY = 'boundary-of-the-form'

function formCases(): fc.Arbitrary<Case> {
  const names = Object.keys(FORM_EDITS).filter((name): name is FormEditName => name in FORM_EDITS)
  return fc
    .record({
      site: fc.constantFrom(...SITE_NAMES),
      edits: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
    })
    .map(({ site, edits }) => ({
      site,
      operation: 'PostObject',
      payload: 'none',
      edits,
      build: (port: number) => {
        const start: FormDraft = {
          form: { fields: [['key', 'up/k']], boundary: BOUNDARY },
          head: {
            host: `127.0.0.1:${port}`,
            contentType: `multipart/form-data; boundary=${BOUNDARY}`,
          },
          more: [],
          isChunked: false,
        }
        const draft = edits.reduce((draft, name) => FORM_EDITS[name](draft), start)
        return formWire(draft)
      },
    }))
}

/** A form before it is bytes. */
export interface FormDraft {
  readonly form: Form
  readonly head: { readonly host: string; readonly contentType: string | undefined }
  readonly more: readonly Field[]
  readonly isChunked: boolean
}

function formWire({ form, head, more, isChunked }: FormDraft): Wire {
  const body = buildForm(form)
  const fields: Field[] = [['host', head.host]]
  if (head.contentType !== undefined) fields.push(['Content-Type', head.contentType])
  const framing: Field = isChunked
    ? ['Transfer-Encoding', 'chunked']
    : ['Content-Length', String(body.length)]
  const size = Buffer.from(`${body.length.toString(16)}\r\n`)
  return {
    method: 'POST',
    target: `/${form.bucket ?? 'bucket'}`,
    fields: [...fields, ...more, framing],
    body: isChunked ? Buffer.concat([size, body, Buffer.from('\r\n0\r\n\r\n')]) : body,
  }
}

/** So that a run can be told from another. */
export function nameOf({ site, operation, payload, edits }: Case): string {
  return `${site}: ${operation}, payload ${payload}, ${edits.length === 0 ? 'plain' : edits.join(' + ')}`
}
