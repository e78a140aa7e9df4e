import { headerCount } from '../base/header-list.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import { buildCanonicalRequest, type CanonicalParts } from './canonical-request.ts'
import { mismatchGuesses } from './mismatch-guesses.ts'
import { checkRequestTime, readRequestTime } from './request-time.ts'
import { checkScope } from './scope.ts'
import { equalSignatures, isExpectedToken, requestSignature } from './seed-signature.ts'
import {
  canonicalParts,
  partsOfSameHost,
  unsignedHeaders,
  type VerificationRequest,
} from './verify.ts'

/** A problem with a request's signature. */
interface SignatureFinding {
  /** Kebab-case; the reason with which verification would fail, if it would. */
  readonly reason: string
  /** One or two sentences for an operator: the problem, and what to do. */
  readonly text: string
}

/** A request to examine. */
export interface SignatureQuestion extends VerificationRequest {
  /** The path as sent. */
  readonly rawPath: string
  /** Whether the access key id is known; if not, there is no secret to try. */
  readonly isKnownKey: boolean
}

/**
 * Finds every problem with a request's signature, not only the first one that verification reports;
 * empty if the signature is valid. If it is not, tries the usual mistakes of signers. The output is
 * for operators who can read the configuration: it contains no secret, token, canonical request or
 * expected signature, but it does reveal which guess matches.
 */
export function describeMismatch(question: SignatureQuestion): readonly SignatureFinding[] {
  const findings: SignatureFinding[] = []
  if (!question.isKnownKey) findings.push(unknownKey(question))
  findings.push(...timeAndScopeFindings(question))
  if (question.isKnownKey) findings.push(...tokenFindings(question))
  findings.push(...headerFindings(question))
  if (question.isKnownKey) findings.push(...signatureFindings(question))
  return findings
}

function unknownKey({ authentication }: SignatureQuestion): SignatureFinding {
  const { accessKeyId } = authentication.credential
  const text = `No client has the access key id ${accessKeyId}. Add it to "clients", or sign with a configured key.`
  return { reason: 'unknown-access-key', text }
}

function timeAndScopeFindings(question: SignatureQuestion): readonly SignatureFinding[] {
  const { authentication, headers, nowMs, region, service } = question
  const time = readRequestTime(authentication, headers)
  if (!time.ok) return [{ reason: time.error.reason, text: time.error.message }]
  const findings: SignatureFinding[] = []
  const date = time.value.timestamp.slice(0, 8)
  const scope = checkScope(authentication.credential, authentication.kind, {
    date,
    region,
    service,
  })
  if (!scope.ok) findings.push({ reason: scope.error.reason, text: scope.error.message })
  const timely = checkRequestTime(authentication, time.value, nowMs)
  if (!timely.ok) {
    const seconds = Math.round((nowMs - time.value.timeMs) / 1000)
    const distance = seconds < 0 ? `${-seconds} s ahead of` : `${seconds} s behind`
    const text = `${timely.error.message.replace(/\.$/, '')}: the request's time ${time.value.timestamp} is ${distance} Sealgate's clock.`
    findings.push({ reason: timely.error.reason, text })
  }
  return findings
}

function tokenFindings(question: SignatureQuestion): readonly SignatureFinding[] {
  const sent = question.authentication.sessionToken
  if (isExpectedToken(sent, question.sessionToken)) return []
  let text = 'The session token differs from the configured one.'
  if (sent === undefined)
    text = 'The client has a configured session token, but the request has none.'
  else if (question.sessionToken === undefined) {
    text =
      'The request has a session token (x-amz-security-token); the client has none configured. Unset AWS_SESSION_TOKEN.'
  }
  return [{ reason: 'session-token-invalid', text }]
}

function headerFindings(question: SignatureQuestion): readonly SignatureFinding[] {
  const { authentication, headers } = question
  const findings: SignatureFinding[] = []
  const unsigned = unsignedHeaders(headers, authentication)
  if (unsigned.length > 0) {
    const text = `SignedHeaders lacks headers that must be signed: ${unsigned.join(', ')}.`
    findings.push({ reason: 'headers-not-signed', text })
  }
  if (canonicalParts(question) === undefined) {
    const absent = authentication.signedHeaders.filter((name) => headerCount(headers, name) === 0)
    const text = `The request lacks signed headers: ${absent.join(', ')}. A proxy removed them, or the command line omits them.`
    findings.push({ reason: 'signed-header-absent', text })
  }
  return findings
}

function signatureFindings(question: SignatureQuestion): readonly SignatureFinding[] {
  const { secretAccessKeys, path, rawPath } = question
  const parts = canonicalParts(question)
  if (parts === undefined) return []
  const good = [parts, ...partsOfSameHost(parts)]
  if (good.some((one) => isSignatureOf(question, one, secretAccessKeys))) return []
  const trimmed = secretAccessKeys.map((secret) => secret.trim())
  if (isSignatureOf(question, parts, trimmed)) {
    const text =
      'The configured secret has leading or trailing white space; that of the signer does not.'
    return [{ reason: 'secret-with-white-space', text }]
  }
  for (const guess of mismatchGuesses(parts, path, rawPath)) {
    if (isSignatureOf(question, guess.parts, secretAccessKeys)) {
      return [{ reason: guess.reason, text: guess.text }]
    }
  }
  const findings: SignatureFinding[] = [
    {
      reason: 'signature-mismatch',
      text: `The signature does not match this request and the client's secret: the secret is wrong, or a signed part was changed (method, path, query, a signed header, the payload hash ${parts.payloadHash}).`,
    },
  ]
  if (rawPath !== encodePath(path)) {
    const text = `The path was sent in another form than it was signed: ${encodePath(path)} was signed.`
    findings.push({ reason: 'path-needs-encoding', text })
  }
  return findings
}

/** Signs with the scope in the request; a wrong scope is a separate finding. */
function isSignatureOf(
  question: SignatureQuestion,
  parts: CanonicalParts,
  secretAccessKeys: readonly string[],
): boolean {
  const { authentication, headers, keys } = question
  const time = readRequestTime(authentication, headers)
  if (!time.ok) return false
  const { date, region, service, terminal } = authentication.credential
  const canonicalRequest = buildCanonicalRequest(parts)
  return secretAccessKeys.some((secret) =>
    equalSignatures(
      authentication.signature,
      requestSignature(
        keys.get(secret, date, region, service),
        time.value.timestamp,
        `${date}/${region}/${service}/${terminal}`,
        canonicalRequest,
      ),
    ),
  )
}
