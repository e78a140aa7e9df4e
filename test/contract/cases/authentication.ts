import type { S3Request } from '../../support/s3-client.ts'
import { amzDate } from '../../support/signer.ts'
import type { WireRequest } from '../../support/wire.ts'
import { xmlText } from '../../support/xml.ts'
import { type ContractCase, judgedHere } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

async function get(run: Run, request: Omit<Partial<S3Request>, 'method'>) {
  await run.seed(run.key)
  return { answer: statusOf(await run.ask('GET', request)) }
}

/** Signs a GET of the case's object, spoils it, and sends it. */
async function spoiled(run: Run, spoil: (wire: WireRequest) => WireRequest) {
  await run.seed(run.key)
  const wire = run.target.client.prepare({ method: 'GET', target: run.path() })
  return { answer: statusOf(await run.target.client.sendWire(spoil(wire))) }
}

function withAuthorization(wire: WireRequest, change: (value: string) => string): WireRequest {
  return {
    ...wire,
    fields: wire.fields.map(([name, value]) => [
      name,
      name === 'authorization' ? change(value) : value,
    ]),
  }
}

/** Signatures in the Authorization header, right and wrong. */
export const AUTHENTICATION: readonly ContractCase[] = [
  {
    id: 'auth-header',
    says: 'a signed GET reads',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => get(run, {}),
    aws: { answer: '200' },
  },
  {
    id: 'auth-none',
    says: 'a request without a signature is refused',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      await run.seed(run.key)
      return { answer: statusOf(await run.target.client.sendBare('GET', run.path())) }
    },
    aws: { answer: '403 AccessDenied' },
  },
  {
    id: 'auth-wrong-secret',
    says: 'a wrong secret is SignatureDoesNotMatch',
    source: 'AWS, ErrorResponses',
    run: (run) =>
      get(run, {
        scope: { keys: { ...run.target.client.keys, secretAccessKey: 'wrong' } },
      }),
    aws: { answer: '403 SignatureDoesNotMatch' },
  },
  {
    id: 'auth-unknown-key',
    says: 'an unknown access key is InvalidAccessKeyId',
    source: 'AWS, ErrorResponses',
    run: (run) =>
      get(run, { scope: { keys: { accessKeyId: 'NOSUCHKEY00000000000', secretAccessKey: 'x' } } }),
    aws: { answer: '403 InvalidAccessKeyId' },
  },
  {
    id: 'auth-error-document',
    says: 'an error is an XML document that holds code, message and the request id of the header',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      await run.seed(run.key)
      const answer = await run.target.client.sendBare('GET', run.path())
      const id = xmlText(answer.body, 'RequestId')
      return {
        type: answer.headers.get('content-type'),
        code: xmlText(answer.body, 'Code'),
        id: id !== undefined && id === answer.headers.get('x-amz-request-id'),
      }
    },
    aws: { type: 'application/xml', code: 'AccessDenied', id: true },
  },
  {
    id: 'auth-skew',
    says: 'a clock more than 15 minutes off is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => get(run, { scope: { date: amzDate(Date.now() - 16 * 60_000) } }),
    aws: { answer: '403 RequestTimeTooSkewed' },
  },
  {
    id: 'auth-skew-within',
    says: 'a clock 14 minutes off is accepted',
    source: 'AWS, ErrorResponses',
    run: (run) => get(run, { scope: { date: amzDate(Date.now() - 14 * 60_000) } }),
    aws: { answer: '200' },
  },
  {
    id: 'auth-wrong-region',
    says: 'a signature for another region is refused with the right one named',
    source: 'AWS, ErrorResponses',
    run: (run) => get(run, { scope: { region: 'mars-north-1' } }),
    aws: { answer: '400 AuthorizationHeaderMalformed' },
    differs: {
      rgw: { see: { answer: '200' }, cause: 'RGW takes any region' },
      'sealgate+rgw': {
        see: { answer: '400 AuthorizationHeaderMalformed' },
        cause: 'Sealgate asks for the configured region, as AWS does',
      },
    },
  },
  {
    id: 'auth-wrong-service',
    says: 'a signature for another service is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => get(run, { scope: { service: 'sts' } }),
    aws: { answer: '400 AuthorizationHeaderMalformed' },
    differs: judgedHere({ answer: '200' }, 'RGW takes any service', {
      answer: '400 AuthorizationHeaderMalformed',
    }),
  },
  {
    id: 'auth-unsigned-amz-header',
    says: 'a header x-amz-… outside SignedHeaders is refused',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => get(run, { unsigned: [['x-amz-meta-extra', 'yes']] }),
    aws: { answer: '403 AccessDenied' },
    differs: {
      rgw: { see: { answer: '200' }, cause: 'RGW 16 takes unsigned x-amz-… headers' },
      'sealgate+rgw': { see: { answer: '403 AccessDenied' }, cause: 'as AWS' },
    },
  },
  {
    id: 'auth-content-type-unsigned',
    says: 'Content-Type may be left out of the signature: minio’s client does so',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => get(run, { unsigned: [['content-type', 'text/x-test']] }),
    aws: { answer: '200' },
  },
  {
    id: 'auth-without-content-hash',
    says: 'a request without x-amz-content-sha256 is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => get(run, { omitContentHash: true }),
    aws: { answer: '400 InvalidRequest' },
    differs: judgedHere(
      { answer: '403 SignatureDoesNotMatch' },
      'RGW takes the body for unsigned',
      { answer: '400 InvalidRequest' },
    ),
  },
  {
    id: 'auth-signature-changed',
    says: 'a signature with one digit changed is refused',
    source: 'AWS, ErrorResponses',
    run: (run) =>
      spoiled(run, (wire) =>
        withAuthorization(wire, (value) =>
          value.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        ),
      ),
    aws: { answer: '403 SignatureDoesNotMatch' },
  },
  {
    id: 'auth-target-changed',
    says: 'another key than the signed one is refused',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => spoiled(run, (wire) => ({ ...wire, target: `${wire.target}x` })),
    aws: { answer: '403 SignatureDoesNotMatch' },
  },
  {
    id: 'auth-compact',
    says: 'components of the header may be parted by a comma alone',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) =>
      spoiled(run, (wire) => withAuthorization(wire, (value) => value.replaceAll(', ', ','))),
    aws: { answer: '200' },
  },
  {
    id: 'auth-incomplete',
    says: 'a header without SignedHeaders is malformed',
    source: 'AWS, ErrorResponses',
    run: (run) =>
      spoiled(run, (wire) =>
        withAuthorization(wire, (value) => value.replace(/SignedHeaders=[^,]*, /, '')),
      ),
    aws: { answer: '400 AuthorizationHeaderMalformed' },
    differs: judgedHere({ answer: '400 InvalidArgument' }, 'RGW names it so', {
      answer: '400 AuthorizationHeaderMalformed',
    }),
  },
  {
    id: 'auth-other-scheme',
    says: 'another scheme is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => spoiled(run, (wire) => withAuthorization(wire, () => 'Bearer token')),
    aws: { answer: '400 InvalidArgument' },
  },
  {
    id: 'auth-version-2',
    says: 'a SigV2 header is refused by regions that know SigV4 alone',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) =>
      spoiled(run, (wire) =>
        withAuthorization(wire, () => `AWS ${run.target.client.keys.accessKeyId}:c2lnbmF0dXJl`),
      ),
    aws: { answer: '400 InvalidRequest' },
    differs: judgedHere({ answer: '403 SignatureDoesNotMatch' }, 'RGW still knows SigV2', {
      answer: '400 InvalidRequest',
    }),
  },
]
