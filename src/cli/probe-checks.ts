import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Result } from '../base/result.ts'
import { confirmEncryption } from '../policy/expected-encryption.ts'
import { SSE_HEADER, SSE_KEY_ID_HEADER } from '../s3/encryption-headers.ts'
import {
  describeAnswer,
  type ProbeAnswer,
  type ProbeClient,
  type ProbeKeys,
  type ProbeRequest,
} from './probe-client.ts'
import { type ProbeExpectation, type ProbeSubject, readHeader } from './probe-expectation.ts'

/** One line of a probe's report. */
export interface ProbeCheck {
  readonly name: string
  readonly isGood: boolean
  /** The result; if it failed, also what to do. */
  readonly finding: string
}

/** The inputs of the checks. */
interface Probe {
  readonly client: ProbeClient
  readonly subject: ProbeSubject
  readonly expected: ProbeExpectation
  /** Undefined if the client needs no signature. */
  readonly keys: ProbeKeys | undefined
}

/**
 * Writes, heads, reads and deletes the object, and tries requests that must be refused; yields each
 * check when it ends. If the write failed, nothing else is tried. A written object is always
 * deleted, whatever the other checks find.
 */
export async function* runProbe(probe: Probe): AsyncGenerator<ProbeCheck> {
  const written = await checkWrite(probe)
  yield written
  if (!written.isStored) return
  yield await checkHead(probe)
  yield await checkRead(probe)
  yield await checkReadHeaders(probe)
  if (probe.keys !== undefined) yield await checkBadSignature(probe, probe.keys)
  yield await checkDelete(probe)
}

interface WriteCheck extends ProbeCheck {
  /** The object may exist, even if the check failed, and must be deleted. */
  readonly isStored: boolean
}

async function checkWrite(probe: Probe): Promise<WriteCheck> {
  const { body, headers: guarded } = probe.expected.write
  const headers = { 'content-type': 'text/plain', ...guarded }
  const answer = await send(probe, { method: 'PUT', body, headers })
  const check = (isStored: boolean, isGood: boolean, finding: string) => ({
    name: 'write',
    isGood,
    isStored,
    finding,
  })
  if (!answer.ok) return check(false, false, describeFailure(answer.error))
  const { status, headers: answered } = answer.value
  if (status !== 200) {
    const isStored = headerValue(answered, 'x-sealgate-reason') === 'encryption-not-confirmed'
    return check(isStored, false, `${describeAnswer(answer.value)}: ${remedyOf(answer.value)}`)
  }
  if (headerValue(answered, 'x-sealgate-request-id') === undefined) {
    return check(true, false, FOREIGN)
  }
  const under = judgeEncryption(probe, answered)
  return check(true, under.isGood, under.finding)
}

async function checkHead(probe: Probe): Promise<ProbeCheck> {
  const answer = await send(probe, { method: 'HEAD' })
  if (!answer.ok) return bad('head', describeFailure(answer.error))
  if (answer.value.status !== 200) {
    return bad('head', `${describeAnswer(answer.value)}: ${remedyOf(answer.value)}`)
  }
  const { isGood, finding } = judgeEncryption(probe, answer.value.headers)
  return { name: 'head', isGood, finding }
}

async function checkRead(probe: Probe): Promise<ProbeCheck> {
  const answer = await send(probe, { method: 'GET' })
  if (!answer.ok) return bad('read', describeFailure(answer.error))
  if (answer.value.status !== 200) {
    return bad('read', `${describeAnswer(answer.value)}: ${remedyOf(answer.value)}`)
  }
  return answer.value.body.equals(probe.expected.write.body)
    ? good('read', 'the content is the same as written')
    : bad('read', 'the content differs: check for a cache between the probe and Sealgate')
}

async function checkReadHeaders(probe: Probe): Promise<ProbeCheck> {
  const { expected } = probe
  const name = 'read with an encryption header'
  const answer = await send(probe, { method: 'GET', headers: readHeader(expected) })
  if (!answer.ok) return bad(name, describeFailure(answer.error))
  const found = describeAnswer(answer.value)
  const status = expected.refusesReadHeaders ? 400 : 200
  const finding = expected.refusesReadHeaders ? `refused: ${found}` : `stripped: ${found}`
  if (answer.value.status === status) return good(name, finding)
  return bad(name, `${found} instead of ${status}: ${STALE}`)
}

async function checkBadSignature(probe: Probe, keys: ProbeKeys): Promise<ProbeCheck> {
  const name = 'bad signature'
  const forged = { ...keys, secretAccessKey: `not-${keys.secretAccessKey}` }
  const answer = await send(probe, { method: 'GET' }, forged)
  if (!answer.ok) return bad(name, describeFailure(answer.error))
  const found = describeAnswer(answer.value)
  if (answer.value.status === 403) return good(name, `refused: ${found}`)
  return bad(name, `${found} instead of 403: anyone who knows the access key has access; ${STALE}`)
}

async function checkDelete(probe: Probe): Promise<ProbeCheck> {
  const answer = await send(probe, { method: 'DELETE' })
  const { bucket, key } = probe.subject
  const remedy = `delete ${bucket}/${key} by hand`
  if (!answer.ok) return bad('delete', `${describeFailure(answer.error)}; ${remedy}`)
  if (answer.value.status !== 204 && answer.value.status !== 200) {
    return bad('delete', `${describeAnswer(answer.value)}: ${remedy}`)
  }
  return good('delete', 'the object is deleted')
}

function send(
  { client, subject, keys }: Probe,
  request: Pick<ProbeRequest, 'method' | 'headers' | 'body'>,
  signedWith: ProbeKeys | undefined = keys,
): Promise<Result<ProbeAnswer, Error>> {
  const { bucket, key } = subject
  return client.send({ ...request, bucket, key, keys: signedWith })
}

const FOREIGN = 'the answer is not from Sealgate: check --endpoint'

const STALE = 'does the running proxy have this configuration? Reload it (SIGHUP), or restart it'

function judgeEncryption({ expected }: Probe, headers: HeaderList) {
  const { algorithm, keyId } = expected.encryption
  switch (confirmEncryption(expected.encryption, headers)) {
    case 'confirmed':
      return { isGood: true, finding: `${algorithm} under ${keyId} (rule ${expected.rule})` }
    case 'missing':
      return { isGood: false, finding: `S3's answer does not name the encryption: ${STALE}` }
    case 'mismatched': {
      const found = `${headerValue(headers, SSE_HEADER)} under ${headerValue(headers, SSE_KEY_ID_HEADER)}`
      return { isGood: false, finding: `${found}, not ${algorithm} under ${keyId}: ${STALE}` }
    }
  }
}

function describeFailure(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  const message = error.message === '' ? code : error.message
  switch (code) {
    case 'ECONNREFUSED':
      return `${message}: start 'sealgate serve', or set its address with --endpoint`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${message}: check the name in --endpoint`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `${message}: pass the CA of the proxy's certificate with --ca FILE`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${message}: use a name from the certificate in --endpoint`
    default:
      return `${message || error.name}: check --endpoint, and whether the listener speaks TLS`
  }
}

/** Returns what to do about an answer that should have been a success. */
function remedyOf({ status, headers }: ProbeAnswer): string {
  switch (headerValue(headers, 'x-sealgate-reason')) {
    case undefined:
      if (headerValue(headers, 'x-sealgate-request-id') === undefined) return FOREIGN
      return status === 403 || status === 404
        ? "S3's answer: check the bucket, and the permissions of Sealgate's own credentials on it and on the key"
        : "S3's answer: read the message in Sealgate's log and audit log"
    case 'signature-mismatch':
    case 'unknown-access-key':
    case 'anonymous':
      return `the proxy has other keys for this client; ${STALE}`
    case 'host-not-served':
      return "use one of the listener's hosts in --endpoint"
    case 'encryption-not-confirmed':
      return 'S3 does not encrypt as the policy requires: check the key of the rule, and that S3 knows it'
    case 'upstream-unreachable':
    case 'upstream-timeout':
    case 'upstream-closed':
      return 'Sealgate cannot reach S3: check upstream.endpoint and the network'
    case 'no-upstream-credentials':
      return 'Sealgate has no credentials: check upstream.credentials'
    default:
      return STALE
  }
}

function good(name: string, finding: string): ProbeCheck {
  return { name, isGood: true, finding }
}

function bad(name: string, finding: string): ProbeCheck {
  return { name, isGood: false, finding }
}
