import { type HeaderList, headerValue } from '../base/header-list.ts'
import { decodePercent } from '../s3/percent-encoding.ts'
import { QUERY_PARAMETERS_MAX } from '../s3/query.ts'
import { ACCESS_KEY_ID_LENGTH_MAX } from './scope.ts'

/** AWS's secrets are 40 characters of base64; its key ids have 16 to 32 of upper case and digits. */
const SECRET_LENGTH = 40
const SHOWN_OF_SECRET = 4

const COMPONENT = 'Credential='

/**
 * The access key id that a request presents, in any form of authentication, also in one that is not
 * served (signature version 2) or not well-formed: for the record of a refusal. Nothing is verified.
 * Undefined: none is recognised.
 */
export function presentedAccessKeyId(headers: HeaderList, rawTarget: string): string | undefined {
  const authorization = headerValue(headers, 'authorization')
  const text = authorization === undefined ? inQuery(rawTarget) : inHeader(authorization)
  return text === undefined ? undefined : shownAccessKeyId(text)
}

/**
 * The access key id at the beginning of a credential, within bounds. A text as long as a secret is cut:
 * some clients are configured with the two mixed up.
 */
export function shownAccessKeyId(credential: string): string | undefined {
  const scopeStart = credential.search(/\/\d{8}\//)
  const text = scopeStart === -1 ? credential : credential.slice(0, scopeStart)
  const isSecretLike = text.length === SECRET_LENGTH && /[a-z/+]/.test(text)
  if (isSecretLike) return `${text.slice(0, SHOWN_OF_SECRET)}…`
  const id = upTo(text, '/').slice(0, ACCESS_KEY_ID_LENGTH_MAX)
  return id === '' ? undefined : id
}

function inHeader(value: string): string | undefined {
  if (value.startsWith('AWS ')) return upTo(value, ':', 4)
  if (!value.startsWith('AWS4-')) return undefined
  const at = value.indexOf(COMPONENT)
  return at === -1 ? undefined : upTo(upTo(value, ',', at + COMPONENT.length), ' ')
}

function inQuery(rawTarget: string): string | undefined {
  const mark = rawTarget.indexOf('?')
  if (mark === -1) return undefined
  for (const part of rawTarget.slice(mark + 1).split('&', QUERY_PARAMETERS_MAX)) {
    const name = upTo(part, '=').toLowerCase()
    if (name !== 'x-amz-credential' && name !== 'awsaccesskeyid') continue
    return decodePercent(part.slice(name.length + 1))
  }
  return undefined
}

/** What stands before the mark, or all. */
function upTo(text: string, mark: string, from = 0): string {
  const end = text.indexOf(mark, from)
  return end === -1 ? text.slice(from) : text.slice(from, end)
}
