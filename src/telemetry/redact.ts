const MASK = '[redacted]'
const DEPTH_MAX = 6
const ENTRIES_MAX = 200

/** Names whose values never reach a log, in lower case without `-` and `_`. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'password',
  'passphrase',
  'privatekey',
  'secret',
  'secretkey',
  'secretaccesskey',
  'secretaccesskeys',
  'sessiontoken',
  'token',
  'webidentitytoken',
  'xamzsecuritytoken',
  'xamzsignature',
  'xamzcredential',
  'signature',
  'signingkey',
  'stringtosign',
  'canonicalrequest',
  'policy',
  'xamzserversideencryptioncustomerkey',
  'xamzserversideencryptioncustomerkeymd5',
  'xamzcopysourceserversideencryptioncustomerkey',
  'xamzcopysourceserversideencryptioncustomerkeymd5',
  // Of undici's HTTPParserError: up to 64 KiB of received data, possibly of an object.
  'data',
])

/**
 * Returns a copy for the log in which the values of secret names are masked, at any depth, also in
 * flat header lists; errors become plain objects. Depth and width are limited.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) return '[deeper]'
  if (value instanceof Error) return redactError(value, depth)
  if (Array.isArray(value)) return redactList(value, depth)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof Date || value instanceof URL) return redactText(String(value))
  const copy: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value).slice(0, ENTRIES_MAX)) {
    copy[name] = isSecretName(name) ? MASK : redact(item, depth + 1)
  }
  return copy
}

/** An error as a log line has it, without the places in the code. */
export function withoutStack(error: unknown): unknown {
  return dropStack(redact(error))
}

function dropStack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'stack')
  return Object.fromEntries(
    kept.map(([name, item]) => [name, name === 'cause' ? dropStack(item) : item]),
  )
}

const SECRET_IN_TEXT =
  /((?:X-Amz-Security-Token|X-Amz-Credential|SignatureValue|secretAccessKey|SessionToken)["']?\s*[=:>]\s*["']?)[^&\s,;"'<]+/gi
/**
 * A colon and a plain word is prose: OpenSSL says `UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to
 * verify`. No signature is a short word of letters (SigV4: 64 hexadecimal digits; SigV2: 28 of
 * base64).
 */
const SIGNATURE_IN_TEXT =
  /(Signature["']?\s*(?:[=>]|:(?!\s+[a-z]{1,20}(?:[\s.,;]|$)))\s*["']?)[^&\s,;"'<]+/gi
const AUTHORIZATION_IN_TEXT = /\b((?:Basic|Bearer)\s+)[A-Za-z0-9._~+/=-]{8,}/g

/** Masks what signatures, tokens and secrets look like inside of text, in URLs for example. */
export function redactText(text: string): string {
  if (text.length < 10) return text
  return text
    .replace(SECRET_IN_TEXT, `$1${MASK}`)
    .replace(SIGNATURE_IN_TEXT, `$1${MASK}`)
    .replace(AUTHORIZATION_IN_TEXT, `$1${MASK}`)
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, ''))
}

function redactList(list: readonly unknown[], depth: number): readonly unknown[] {
  return list.slice(0, ENTRIES_MAX).map((item, i) => {
    const name = i % 2 === 1 ? list[i - 1] : undefined
    return typeof name === 'string' && isSecretName(name) ? MASK : redact(item, depth + 1)
  })
}

function redactError(error: Error, depth: number): unknown {
  const { name, message, stack, cause, ...rest } = error
  const details = redact(rest, depth)
  return {
    type: error.constructor.name,
    message: redactText(message ?? error.message),
    ...(stack === undefined ? {} : { stack: redactText(stack) }),
    ...(typeof details === 'object' ? details : {}),
    ...(cause === undefined ? {} : { cause: redact(cause, depth + 1) }),
  }
}
