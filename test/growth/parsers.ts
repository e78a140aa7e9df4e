import { AwsChunkedDecoder } from '../../src/body/aws-chunked-decoder.ts'
import { withoutAwsChunked } from '../../src/body/content-encoding.ts'
import { expandFilename } from '../../src/body/expand-filename.ts'
import { parseFormBoundary } from '../../src/body/form-boundary.ts'
import { FormFileParser } from '../../src/body/form-file-parser.ts'
import { FormHeadReader } from '../../src/body/form-head-reader.ts'
import { parseFormPartHead } from '../../src/body/form-part-head.ts'
import { parseAdmissionRequest } from '../../src/inject/admission-request.ts'
import { certificateNames, normaliseSubject } from '../../src/proxy/client-certificate.ts'
import { connectionNominees } from '../../src/proxy/hop-by-hop.ts'
import { buildPostAnswer } from '../../src/proxy/post-fields.ts'
import { readRequest } from '../../src/request/read-request.ts'
import { parseAbsoluteTarget } from '../../src/s3/absolute-target.ts'
import { isPublicAclDocument, isPublicGrant } from '../../src/s3/acl.ts'
import { parseCopySource } from '../../src/s3/copy-source.ts'
import { parseQuery } from '../../src/s3/query.ts'
import { parseTaggingDocument, parseTaggingHeader } from '../../src/s3/tagging.ts'
import { parseTarget } from '../../src/s3/target.ts'
import { parseXml } from '../../src/s3/xml.ts'
import { readForm } from '../../src/sandbox/form-reader.ts'
import { readXml } from '../../src/sandbox/xml.ts'
import { parseAuthorizationHeader } from '../../src/sigv4/authorization-header.ts'
import { unverifiedChunks } from '../../src/sigv4/chunk-signature.ts'
import { parsePostPolicy } from '../../src/sigv4/post-policy.ts'
import { signRequest } from '../../src/sigv4/sign.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { readIdentityToken } from '../../src/sts/identity-token.ts'
import { hasRepeatedNames } from '../../src/sts/repeated-names.ts'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import { openSessionToken } from '../../src/sts/session-token.ts'
import { parseStsForm, parseStsRequest } from '../../src/sts/sts-request.ts'
import { redact } from '../../src/telemetry/redact.ts'
import { answerHead } from '../../src/upstream/upstream-answer.ts'

/** What reads text that a stranger sends. */
export interface Parser {
  readonly name: string
  /** Pieces of its language: inputs are made of them. */
  readonly tokens: readonly string[]
  /** Characters that it takes at most, if fewer than the usual. */
  readonly lengthMax?: number
  readonly read: (text: string) => unknown
}

const HOST = ['host', 'h']
const CRLF = '\r\n'
const SEALING_KEY = new SealingKey(Buffer.alloc(32))

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
export const PARSERS: readonly Parser[] = [
  {
    name: 'target',
    tokens: ['/', 'a', '?', '&', '=', '%41', '%', '+', ';', '.', '..', '%C3%BC', '#'],
    read: (text) => parseTarget(`/${text}`),
  },
  {
    name: 'document of an ACL',
    tokens: [
      '<Grant>',
      '</Grant>',
      '<ID>',
      '</ID>',
      'a',
      ' ',
      '<',
      '>',
      '"',
      ' a="',
      '&amp;',
      '<!--',
    ],
    lengthMax: 60_000,
    read: (text) =>
      isPublicAclDocument(
        `<AccessControlPolicy><AccessControlList>${text}</AccessControlList></AccessControlPolicy>`,
      ),
  },
  {
    name: 'document of tags',
    tokens: ['<Tag>', '</Tag>', '<Key>', '</Key>', 'a', ' ', '<', '>', '"', ' a="', '&#65;'],
    lengthMax: 60_000,
    read: (text) => parseTaggingDocument(`<Tagging><TagSet>${text}</TagSet></Tagging>`),
  },
  {
    name: 'header of tags',
    tokens: ['a', '=', '&', '%41', '%', '+'],
    read: parseTaggingHeader,
  },
  {
    name: 'grant',
    tokens: ['id', 'uri', '=', '"', ',', ' ', 'a'],
    read: isPublicGrant,
  },
  {
    name: 'identity token',
    tokens: ['a', '.', 'eyJhIjox', '{', '"', '_', '-', '=', '..'],
    read: readIdentityToken,
  },
  {
    name: 'names of a JSON text',
    tokens: ['a', '"', '\\', '{', '}', ':', '[', ' ', '\u2028'],
    read: (text) => hasRepeatedNames(JSON.stringify({ [text]: [...text], b: { a: text } })),
  },
  {
    name: 'form to STS',
    tokens: ['Action=', 'RoleArn=', 'arn:aws:iam::', '/', '&', '=', '+', '%41', 'a', 'Policy'],
    read: (text) => {
      const form = parseStsForm(Buffer.from(`Version=2011-06-15&${text}`))
      if (form.ok) parseStsRequest([], form.value, 3600)
    },
  },
  {
    name: 'session token',
    tokens: ['A', '_', '-', '=', '+', 'AQ'],
    read: (text) => openSessionToken([SEALING_KEY], 'SGWIAAAAAAAAAAAAAAAA', text),
  },
  {
    name: 'query',
    tokens: ['a', '&', '=', '+', '%2B', '%', ';', 'X-Amz-Signature', '/', '?'],
    read: parseQuery,
  },
  {
    name: 'whole request, by its target',
    tokens: [
      '/',
      'a',
      '?',
      '&',
      '=',
      '%41',
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      'x-amz-meta-a',
      'uploads',
      'x-id',
    ],
    read: (text) => readRequest('PUT', `/b/${text}`, HOST, ['h'], new Set()),
  },
  {
    name: 'Authorization',
    tokens: [
      'AWS4-HMAC-SHA256',
      ' ',
      'Credential=',
      'a',
      '/',
      ',',
      'SignedHeaders=',
      'host',
      ';',
      '=',
      'Signature=',
    ],
    read: parseAuthorizationHeader,
  },
  {
    name: 'SignedHeaders',
    tokens: ['a', ';', 'x-amz-meta-', 'b', '-'],
    read: (text) =>
      parseAuthorizationHeader(
        `AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request, SignedHeaders=${text}, Signature=0`,
      ),
  },
  {
    name: 'copy source',
    tokens: ['/', 'a', '?', 'versionId=', '%2F', '+', ':', 'arn:'],
    read: (text) => parseCopySource(text),
  },
  {
    name: 'policy, base64',
    tokens: ['A', '+', '/', '=', '\n', '\r', '\r\n', 'AAAA', 'e30=', '*'],
    lengthMax: 20_480,
    read: parsePostPolicy,
  },
  {
    name: 'policy, JSON',
    tokens: ['{', '}', '[', ']', '"a"', ':', ',', '\\$', '\\\\', '"', ' ', '1', '{"a":"b"},'],
    lengthMax: 15_000,
    read: (text) =>
      parsePostPolicy(
        Buffer.from(`{"expiration":"2026-01-01T00:00:00Z","conditions":[${text}]}`).toString(
          'base64',
        ),
      ),
  },
  {
    name: 'XML',
    tokens: [
      '<a>',
      '</a>',
      '<a/>',
      '<x:b c="d">',
      '&amp;',
      '&',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '>',
      '<',
      ' ',
      'x',
      '"',
      '<?',
      '<!DOCTYPE',
    ],
    read: (text) => parseXml(`<r>${text}</r>`, 1_000_000),
  },
  {
    name: 'XML of the embedded S3',
    tokens: [
      '<a>',
      '</a>',
      '<a/>',
      '<x:b c="d">',
      '&amp;',
      '&',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '>',
      '<',
      ' ',
      'x',
      '"',
    ],
    read: (text) => attempt(() => readXml(`<r>${text}</r>`, 'r')),
  },
  {
    name: 'boundary',
    tokens: [';', ' ', 'a=b', 'boundary=', '"', '\\', 'x', '\t', '='],
    read: (text) => parseFormBoundary(`multipart/form-data${text}`),
  },
  {
    name: 'head of a part',
    tokens: [
      'Content-Disposition: form-data',
      '; name="a"',
      '; a=b',
      CRLF,
      'a: b',
      '"',
      '\\',
      ' ',
      '%22',
    ],
    read: (text) => parseFormPartHead(Buffer.from(text)),
  },
  {
    name: 'head of a form',
    tokens: [
      '--b',
      CRLF,
      'Content-Disposition: form-data; name="a"',
      'Content-Disposition: form-data; name="file"',
      ' ',
      '-',
      'x',
      '\r',
      '--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nd\r\n',
    ],
    lengthMax: 20_480,
    read: (text) => pushAll(new FormHeadReader('b'), text, 4096),
  },
  {
    name: 'head of a form, byte by byte',
    tokens: ['--b', CRLF, 'Content-Disposition: form-data; name="a"', ' ', '-', 'x', '\r', '\t'],
    lengthMax: 20_480,
    read: (text) => pushAll(new FormHeadReader('b'), text, 1),
  },
  {
    name: 'file of a form',
    tokens: [
      '\r\n--',
      '\r\n--b',
      '\r',
      '\n',
      '-',
      'x',
      CRLF,
      '\r\n--b--',
      'Content-Disposition: form-data; name="a"',
    ],
    read: (text) => readFile(text, 4096),
  },
  {
    name: 'file of a form, byte by byte',
    tokens: ['\r\n--', '\r\n--b', '\r', '\n', '-', 'x', CRLF, ' '],
    read: (text) => readFile(text, 1),
  },
  {
    name: '${filename}',
    tokens: ['$', '{', 'filename}', '${filename}', 'a'],
    read: (text) =>
      expandFilename([{ name: 'key', key: 'key', value: text.slice(0, 20_480) }], text),
  },
  {
    name: 'aws-chunked',
    tokens: [
      '1\r\nx\r\n',
      '0\r\n',
      CRLF,
      '0',
      'f',
      ';',
      'x-amz-checksum-crc32:AAAAAA==',
      '2\r\nab\r\n',
      ' ',
    ],
    read: (text) => readChunks(text, 4096),
  },
  {
    name: 'aws-chunked, byte by byte',
    tokens: ['1\r\nx\r\n', '0\r\n', CRLF, 'f', ';', 'x-amz-checksum-crc32:AAAAAA=='],
    read: (text) => readChunks(text, 1),
  },
  {
    name: 'headers to sign',
    tokens: ['x-amz-meta-', 'a', 'z', ','],
    read: (text) => {
      const names = text.split(',')
      // In falling order, each another: the worst for sorting by insertion.
      const headers = names.flatMap((name, i) => [`x-amz-${100_000 - i}${name}`, 'v'])
      return signRequest({
        method: 'PUT',
        path: '/b/k',
        query: '',
        headers: ['host', 'h', ...headers],
        payloadHash: 'UNSIGNED-PAYLOAD',
        credentials: { accessKeyId: 'A', secretAccessKey: 's', sessionToken: undefined },
        region: 'r',
        service: 's3',
        nowMs: 0,
        keys: new SigningKeyCache(),
      })
    },
  },
  {
    name: 'Content-Encoding',
    tokens: ['aws-chunked', ',', ' ', 'gzip'],
    read: withoutAwsChunked,
  },
  {
    name: 'Connection',
    tokens: ['close', ',', ' ', 'x', '\t'],
    read: (text) => connectionNominees(['connection', text]),
  },
  {
    name: 'subject of a certificate',
    tokens: ['CN=a', '\n', ' + ', ',', '\\', ' ', '=', '+'],
    read: (text) => certificateNames({ subject: text, subjectAltName: text }),
  },
  {
    name: 'names of a certificate',
    tokens: ['DNS:a', ', ', '"', '\\"', 'URI:', 'email:', ' ', ':'],
    read: (text) => attempt(() => certificateNames({ subject: '', subjectAltName: text })),
  },
  {
    name: 'configured subject',
    tokens: ['CN=a', ',', '+', '\\', ' ', '='],
    read: normaliseSubject,
  },
  {
    name: 'absolute-form',
    tokens: ['http://', 'a', '/', '?', '#', ':', '@', '[', ']', '.'],
    read: (text) => parseAbsoluteTarget(`http://${text}`),
  },
  {
    name: 'success_action_redirect',
    tokens: ['?', '&', '#', '/', 'a', 'http://', ':'],
    read: (successRedirect) =>
      buildPostAnswer({
        resource: { style: 'path', bucket: 'b', key: 'k' },
        location: 'http://h/b/k',
        successStatus: undefined,
        successRedirect: `http://${successRedirect}`,
        upstreamHead: answerHead(204, []),
        upstreamDocument: '',
      }),
  },
  {
    name: 'log',
    tokens: [
      'Signature',
      ':',
      '=',
      ' ',
      '"',
      'Bearer',
      'X-Amz-Credential',
      'a',
      '&',
      '\n',
      'token',
    ],
    read: redact,
  },
  {
    name: 'admission review',
    tokens: ['{"name":"a"},', '{"name":"b","env":[]},', '1,', '[],'],
    read: (text) =>
      parseAdmissionRequest(
        `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","object":{"metadata":{"annotations":{"sealgate/inject":"true"}},"spec":{"containers":[${text}{"name":"z"}]}}}}`,
      ),
  },
  {
    name: 'form of the embedded S3',
    tokens: [
      '--b',
      CRLF,
      'Content-Disposition: form-data; name="a"',
      '; filename="x"',
      ' ',
      '-',
      'x',
      '--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nd\r\n',
    ],
    read: (text) => {
      async function* body() {
        for (let i = 0; i < text.length; i += 4096) yield Buffer.from(text.slice(i, i + 4096))
      }
      return readForm('multipart/form-data; boundary=b', body(), async () => undefined).catch(
        () => undefined,
      )
    },
  },
]

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.

/** The embedded S3 throws what it refuses. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

function pushAll(reader: FormHeadReader, text: string, step: number): void {
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += step) {
    const result = reader.push(bytes.subarray(i, i + step))
    if (!result.ok || result.value !== undefined) return
  }
}

function readFile(text: string, step: number): void {
  const bytes = Buffer.from(text)
  const options = { boundary: 'b', remaining: bytes.length, range: undefined }
  const parser = new FormFileParser(options, () => undefined)
  for (let i = 0; i < bytes.length; i += step) {
    if (parser.push(bytes.subarray(i, i + step)) !== undefined) return
  }
  parser.finish()
}

function readChunks(text: string, step: number): void {
  const bytes = Buffer.from(text)
  const decoder = new AwsChunkedDecoder(
    {
      framing: 'unsigned-trailer',
      verifier: unverifiedChunks(),
      decodedLength: 1_000_000,
      announced: 'crc32',
      verifyChecksum: true,
    },
    () => undefined,
  )
  for (let i = 0; i < bytes.length; i += step) {
    if (decoder.push(bytes.subarray(i, i + step)) !== undefined) return
  }
  decoder.finish()
}
