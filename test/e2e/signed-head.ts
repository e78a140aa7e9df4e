import { headOf } from '../support/chunked-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'
import {
  amzDate,
  type Field,
  requestSignature,
  type Scope,
  scopeText,
  signedHeadersOf,
} from '../support/signer.ts'

/** A request whose body follows as it may; its hash is not signed. */
export interface HeadOptions {
  readonly method?: string
  readonly target?: string
  /** Undefined: no Content-Length. */
  readonly length?: number | undefined
  /** Not signed. */
  readonly more?: readonly Field[]
  readonly secretAccessKey?: string
  readonly version?: string
}

/** The octets of a signed head for the rig at that port. */
export function signedHead(port: number, options: HeadOptions): string {
  const { method = 'PUT', target = '/bucket/k', length, more = [], version = '1.1' } = options
  const keys = { ...CLIENT, secretAccessKey: options.secretAccessKey ?? CLIENT.secretAccessKey }
  const scope: Scope = { keys, region: REGION, date: amzDate(Date.now()) }
  const payloadHash = 'UNSIGNED-PAYLOAD'
  const fields: readonly Field[] = [
    ['host', `127.0.0.1:${port}`],
    ['x-amz-content-sha256', payloadHash],
    ['x-amz-date', scope.date],
  ]
  const signature = requestSignature({ method, target, fields, payloadHash }, scope)
  const framing: readonly Field[] = length === undefined ? [] : [['content-length', String(length)]]
  const head = headOf(method, target, [
    ...fields,
    ...framing,
    ...more,
    [
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scopeText(scope)}, ` +
        `SignedHeaders=${signedHeadersOf(fields)}, Signature=${signature}`,
    ],
  ])
  return head.replace(' HTTP/1.1\r\n', ` HTTP/${version}\r\n`)
}
