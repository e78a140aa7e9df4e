import { createHash, createHmac } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { ACCOUNT, NOW, REGION } from './start-test-sandbox.ts'

/** A request to sign by hand: a signer that shares nothing with aws4 nor with Sealgate. */
export interface TestRequest {
  readonly method?: string
  /** As it goes on the wire. */
  readonly target: string
  /** As it is signed, where S3's canonical form of the path is another. */
  readonly canonicalPath?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent, but not signed. */
  readonly unsigned?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** `x-amz-content-sha256`; without it the hash of the body. `null`: none is sent. */
  readonly payload?: string | null
  readonly amzDate?: string
  readonly scope?: string
  readonly account?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** In place of the right one. */
  readonly signature?: string
  readonly authorization?: string
  readonly host?: string
}

export interface TestAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly octets: Buffer
  /** `Code` of the error document. */
  readonly code: string | undefined
}

/** A signed head, ready to be sent. */
export interface SignedHead {
  readonly headers: readonly string[]
  readonly signature: string
  readonly signingKey: Buffer
  readonly amzDate: string
  readonly scope: string
}

/** `YYYYMMDDTHHMMSSZ` */
export function amzDateOf(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** Signs in the Authorization header. */
export function signHead(request: TestRequest): SignedHead {
  const amzDate = request.amzDate ?? amzDateOf(NOW)
  const scope = request.scope ?? `${amzDate.slice(0, 8)}/${REGION}/s3/aws4_request`
  const account = request.account ?? ACCOUNT
  const body = Buffer.from(request.body ?? '')
  const payload =
    request.payload === undefined
      ? createHash('sha256').update(body).digest('hex')
      : request.payload
  const headers: Record<string, string> = {
    host: request.host ?? 'sandbox.test',
    'x-amz-date': amzDate,
    ...(payload === null ? {} : { 'x-amz-content-sha256': payload }),
    ...request.headers,
  }
  const names = Object.keys(headers).sort()
  const [path = '', query = ''] = request.target.split('?')
  const canonical = [
    request.method ?? 'GET',
    request.canonicalPath ?? path,
    canonicalQuery(query),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    payload ?? createHash('sha256').digest('hex'),
  ].join('\n')
  const signingKey = deriveKey(account.secretAccessKey, scope)
  const signature =
    request.signature ?? hmac(signingKey, stringToSign(amzDate, scope, canonical)).toString('hex')
  const authorization =
    request.authorization ??
    `AWS4-HMAC-SHA256 Credential=${account.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const list: string[] = []
  for (const [name, value] of Object.entries({ ...headers, ...request.unsigned })) {
    list.push(name, value)
  }
  list.push('authorization', authorization)
  return { headers: list, signature, signingKey, amzDate, scope }
}

/** The target of a presigned request: `target` with the six parameters. */
export function presign(
  request: TestRequest & {
    readonly expires?: string
    readonly signedHeaders?: Readonly<Record<string, string>>
    readonly extra?: string
  },
): string {
  const amzDate = request.amzDate ?? amzDateOf(NOW)
  const scope = request.scope ?? `${amzDate.slice(0, 8)}/${REGION}/s3/aws4_request`
  const account = request.account ?? ACCOUNT
  const signed: Record<string, string> = { host: 'sandbox.test', ...request.signedHeaders }
  const names = Object.keys(signed).sort()
  const [path = '', given = ''] = request.target.split('?')
  const query = [
    ...(given === '' ? [] : [given]),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${account.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${amzDate}`,
    `X-Amz-Expires=${request.expires ?? '900'}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names.join(';'))}`,
  ].join('&')
  const canonical = [
    request.method ?? 'GET',
    request.canonicalPath ?? path,
    canonicalQuery(query),
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    request.payload ?? 'UNSIGNED-PAYLOAD',
  ].join('\n')
  const key = deriveKey(account.secretAccessKey, scope)
  const signature = hmac(key, stringToSign(amzDate, scope, canonical)).toString('hex')
  return `${path}?${query}&X-Amz-Signature=${request.signature ?? signature}`
}

/** Signs and sends. */
export function send(sandbox: Sandbox, request: TestRequest): Promise<TestAnswer> {
  const head = signHead(request)
  return sendRaw(sandbox, request.method ?? 'GET', request.target, head.headers, request.body)
}

/** Sends as it is; a body gets its Content-Length, unless the headers frame it. */
export function sendRaw(
  sandbox: Sandbox,
  method: string,
  target: string,
  headers: readonly string[],
  body?: Buffer | string,
): Promise<TestAnswer> {
  const octets = Buffer.from(body ?? '')
  const isFramed = headers.some(
    (name, i) => i % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name),
  )
  const all = [...headers]
  if (!isFramed && (octets.length > 0 || method === 'PUT' || method === 'POST')) {
    all.push('content-length', String(octets.length))
  }
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      { host: '127.0.0.1', port: sandbox.port, method, path: target, headers: all, agent: false },
      (res) => {
        const pieces: Buffer[] = []
        res.on('data', (piece: Buffer) => pieces.push(piece))
        res.on('error', reject)
        res.on('end', () => {
          const answer = Buffer.concat(pieces)
          const text = answer.toString('utf8')
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            rawHeaders: res.rawHeaders,
            body: text,
            octets: answer,
            code: element(text, 'Code'),
          })
        })
      },
    )
    req.on('error', reject)
    req.end(octets)
  })
}

/** The text of the first element of that name. */
export function element(document: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1]
}

/** The texts of all elements of that name. */
export function elements(document: string, name: string): readonly string[] {
  return [...document.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(
    ([, text = '']) => text,
  )
}

export function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest()
}

export function deriveKey(secret: string, scope: string): Buffer {
  return scope
    .split('/')
    .reduce((key: Buffer | string, part) => hmac(key, part), `AWS4${secret}`) as Buffer
}

function stringToSign(amzDate: string, scope: string, canonical: string): string {
  const hash = createHash('sha256').update(canonical, 'latin1').digest('hex')
  return `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash}`
}

/** Sorted by name (not by `name=`: "=" comes after "-"); a parameter without `=` gets one. The test writes escapes in their canonical form. */
function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => (piece.includes('=') ? piece : `${piece}=`))
    .sort((a, b) => ((a.split('=')[0] ?? '') < (b.split('=')[0] ?? '') ? -1 : 1))
    .join('&')
}
