import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import aws4 from 'aws4'
import type { Answer, Seen } from './stand-in.ts'

/** Credentials as the sources give them. */
export interface Issued {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

/** Makes the n-th credentials, which live until the time. */
export function issue(n: number, expiration: Date): Issued {
  return {
    accessKeyId: `ASIA${String(n).padStart(16, '0')}`,
    secretAccessKey: `secret/of+number=${n}`,
    sessionToken: `token/of+number==${n}`,
    expiration,
  }
}

function json({ accessKeyId, secretAccessKey, sessionToken, expiration }: Issued): Answer {
  return {
    status: 200,
    body: JSON.stringify({
      Code: 'Success',
      LastUpdated: '2026-01-01T00:00:00Z',
      Type: 'AWS-HMAC',
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: expiration.toISOString(),
    }),
  }
}

/**
 * The instance metadata service, version 2: a token by PUT with a life, then GETs that bear it.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export function instanceMetadata(credentials: () => Answer | Issued): (seen: Seen) => Answer {
  return ({ method, path, headers }) => {
    if (path === '/latest/api/token') {
      const life = Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])
      if (method !== 'PUT' || !(life >= 1 && life <= 21_600)) return { status: 400 }
      return { status: 200, body: 'imds-token==', type: 'text/plain' }
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-token==') return { status: 401 }
    if (path === '/latest/meta-data/iam/security-credentials/') {
      return { status: 200, body: 'sealgate-role', type: 'text/plain' }
    }
    if (path !== '/latest/meta-data/iam/security-credentials/sealgate-role') return { status: 404 }
    return answerOf(credentials())
  }
}

/**
 * The container endpoint of ECS and EKS Pod Identity; EKS asks for the token of a file, which rotates.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function containerEndpoint(
  tokenFile: string,
  credentials: () => Answer | Issued,
): (seen: Seen) => Answer {
  return ({ method, path, headers }) => {
    if (method !== 'GET' || path !== '/v1/credentials') return { status: 404 }
    if (headers.authorization !== readFileSync(tokenFile, 'utf8')) {
      return { status: 401, body: '{"Code":"AccessDenied","Message":"token"}' }
    }
    return answerOf(credentials())
  }
}

/** What STS checks of a call and answers to it. */
export interface StsRules {
  /** Secret of the caller's key, which signs AssumeRole. */
  readonly callerSecret?: string
  readonly callerToken?: string | undefined
  readonly credentials: (parameters: URLSearchParams) => Answer | Issued
}

/**
 * STS in its query protocol: AssumeRole, whose signature is verified with aws4, and the unsigned
 * AssumeRoleWithWebIdentity.
 *
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function securityTokenService(rules: StsRules): (seen: Seen) => Answer {
  return (seen) => {
    const parameters = new URLSearchParams(seen.body)
    const action = parameters.get('Action')
    if (seen.method !== 'POST' || parameters.get('Version') !== '2011-06-15') {
      return stsError('InvalidAction', 400)
    }
    const isSigned = seen.headers.authorization !== undefined
    if (action === 'AssumeRole' && !isSignedBy(seen, rules)) {
      return stsError('SignatureDoesNotMatch', 403)
    }
    if (action === 'AssumeRoleWithWebIdentity' && isSigned) return stsError('InvalidAction', 400)
    const given = rules.credentials(parameters)
    return typeof given === 'object' && 'accessKeyId' in given ? stsResult(action, given) : given
  }
}

function isSignedBy(
  { headers, body }: Seen,
  { callerSecret = '', callerToken }: StsRules,
): boolean {
  const authorization = headers.authorization ?? ''
  const [, accessKeyId = '', region = ''] =
    /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(authorization) ?? []
  const [, signedHeaders = ''] = /SignedHeaders=([^,]+)/.exec(authorization) ?? []
  if (callerToken !== undefined && headers['x-amz-security-token'] !== callerToken) return false
  const signed = Object.fromEntries(
    signedHeaders.split(';').map((name) => [name, String(headers[name])]),
  )
  const request = {
    host: headers.host ?? '',
    method: 'POST',
    path: '/',
    service: 'sts',
    region,
    headers: signed,
    body,
    extraHeadersToInclude: Object.fromEntries(Object.keys(signed).map((name) => [name, true])),
  }
  const again = aws4.sign(request, { accessKeyId, secretAccessKey: callerSecret })
  const expected = /Signature=([0-9a-f]{64})/.exec(
    String(Reflect.get(Object(again.headers), 'Authorization')),
  )?.[1]
  const isBodySigned =
    headers['x-amz-content-sha256'] === createHash('sha256').update(body).digest('hex')
  return isBodySigned && expected !== undefined && authorization.endsWith(`Signature=${expected}`)
}

function answerOf(given: Answer | Issued): Answer {
  return typeof given === 'object' && 'accessKeyId' in given ? json(given) : given
}

function stsResult(action: string | null, issued: Issued): Answer {
  return {
    status: 200,
    type: 'text/xml',
    body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result>
    <AssumedRoleUser>
      <AssumedRoleId>AROA123EXAMPLE123:sealgate</AssumedRoleId>
      <Arn>arn:aws:sts::111122223333:assumed-role/sealgate/sealgate</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${issued.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${issued.secretAccessKey}</SecretAccessKey>
      <SessionToken>${issued.sessionToken}</SessionToken>
      <Expiration>${issued.expiration.toISOString()}</Expiration>
    </Credentials>
  </${action}Result>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</${action}Response>`,
  }
}

/** An error of STS. */
export function stsError(code: string, status: number): Answer {
  return {
    status,
    type: 'text/xml',
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code>
<Message>User is not authorized</Message></Error><RequestId>c6104cbe</RequestId></ErrorResponse>`,
  }
}
