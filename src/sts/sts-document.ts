import { escapeXml } from '../s3/xml.ts'
import type { IssuedSession } from './session-authority.ts'
import { STS_STATUS, type StsError } from './sts-error.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'
/** Identities of this gateway belong to no account of AWS. */
const ACCOUNT = '000000000000'

/** An element with text, or with elements. */
type Node = readonly [name: string, content: string | readonly Node[]]

/** The answer to AssumeRoleWithWebIdentity. */
export function assumedRoleDocument(issued: IssuedSession, requestId: string): string {
  const { client, sessionName, subject, audience, issuer, keys, expiresAt } = issued
  return answer('AssumeRoleWithWebIdentity', requestId, [
    ['SubjectFromWebIdentityToken', subject],
    ['Audience', audience],
    [
      'AssumedRoleUser',
      [
        ['Arn', sessionArn(client, sessionName)],
        ['AssumedRoleId', `${keys.accessKeyId}:${sessionName}`],
      ],
    ],
    [
      'Credentials',
      [
        ['SessionToken', keys.sessionToken],
        ['SecretAccessKey', keys.secretAccessKey],
        ['Expiration', new Date(expiresAt * 1000).toISOString().replace('.000Z', 'Z')],
        ['AccessKeyId', keys.accessKeyId],
      ],
    ],
    ['Provider', issuer],
  ])
}

/** The answer to GetCallerIdentity. */
export function callerIdentityDocument(
  { client, sessionName, accessKeyId }: CallerIdentity,
  requestId: string,
): string {
  return answer('GetCallerIdentity', requestId, [
    ['Arn', sessionArn(client, sessionName)],
    ['UserId', `${accessKeyId}:${sessionName}`],
    ['Account', ACCOUNT],
  ])
}

/** Who signed a request. */
interface CallerIdentity {
  readonly client: string
  readonly sessionName: string
  readonly accessKeyId: string
}

/** The document of a refusal. */
export function stsErrorDocument({ code, message }: StsError, requestId: string): string {
  const type = STS_STATUS[code] < 500 ? 'Sender' : 'Receiver'
  return document('ErrorResponse', [
    [
      'Error',
      [
        ['Type', type],
        ['Code', code],
        ['Message', message],
      ],
    ],
    ['RequestId', requestId],
  ])
}

function sessionArn(client: string, sessionName: string): string {
  return `arn:aws:sts::${ACCOUNT}:assumed-role/${client}/${sessionName}`
}

function answer(action: string, requestId: string, result: readonly Node[]): string {
  return document(`${action}Response`, [
    [`${action}Result`, result],
    ['ResponseMetadata', [['RequestId', requestId]]],
  ])
}

function document(name: string, content: readonly Node[]): string {
  return `<${name} xmlns="${NAMESPACE}">\n${content.map(element).join('')}</${name}>\n`
}

function element([name, content]: Node): string {
  const inner = typeof content === 'string' ? escapeXml(content) : content.map(element).join('')
  return `<${name}>${inner}</${name}>\n`
}
