import { type AnswerEdit, FOREIGN_ENCRYPTION } from './answer.ts'
import type { Random } from './random.ts'

/*
 * Answers that no S3 should give: all of them are sent once the whole request has come, and none of them
 * does more than say something odd. Pure and seeded.
 */

const SSE = 'x-amz-server-side-encryption'
const KEY_ID = `${SSE}-aws-kms-key-id`

const ERROR =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>m</Message></Error>'

const STATUS_LINES = [
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.1 201 Created',
    'HTTP/1.1 202 Accepted',
    'HTTP/1.1 204 No Content',
  ],
  ...[
    'HTTP/1.1 206 Partial Content',
    'HTTP/1.1 301 Moved',
    'HTTP/1.1 302 Found',
    'HTTP/1.1 304 Not Modified',
  ],
  ...[
    'HTTP/1.1 307 Temporary',
    'HTTP/1.1 400 Bad Request',
    'HTTP/1.1 403 Forbidden',
    'HTTP/1.1 404 No',
  ],
  ...[
    'HTTP/1.1 412 Precondition',
    'HTTP/1.1 500 Internal',
    'HTTP/1.1 501 No',
    'HTTP/1.1 503 Slow Down',
  ],
  ...[
    'HTTP/1.1 600 X',
    'HTTP/1.1 999 X',
    'HTTP/1.1 000 X',
    'HTTP/1.1 99 X',
    'HTTP/1.1 200',
    'HTTP/1.0 200 OK',
  ],
  ...['HTTP/2.0 200 OK', 'HTTP/1.1  200 OK', 'http/1.1 200 OK', 'HTTP/1.1 200 \xff', '200 OK', ''],
] as const

const FIELDS: readonly (readonly [string, string])[] = [
  ['Content-Length', '0'],
  ['Content-Length', '3'],
  ['Content-Length', '+3'],
  ['Content-Length', '-1'],
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'identity'],
  ['Transfer-Encoding', 'gzip, chunked'],
  ['Connection', 'close'],
  ['Connection', `keep-alive, ${SSE}, etag`],
  ['Connection', 'upgrade'],
  ['Upgrade', 'h2c'],
  ['Keep-Alive', 'timeout=1, max=1'],
  ['Trailer', SSE],
  ['Location', 'https://evil.example/'],
  ['Location', 'http://127.0.0.1:1/bucket/k'],
  ['x-amz-bucket-region', 'us-east-1'],
  ['Set-Cookie', 'a=b'],
  ['ETag', '"another"'],
  ['x-amz-meta-a', '\xc3\xa4\xff'],
  ['x-amz-meta-b', '=?UTF-8?Q?=C3=A4?='],
  ['X-Sealgate-Reason', 'not ours'],
  ['x-amz-version-id', 'v1'],
  ['x-amz-version-id', 'v1?x=/../y&uploads'],
  ['Content-Encoding', 'gzip'],
  ['Content-Disposition', 'attachment; filename="\xc3\xa4"'],
  ['Retry-After', '1'],
  ['X-A', 'a\rb'],
  ['X-A', '\x01'],
  ['X A', 'b'],
  ['X-A', 'a'.repeat(10_000)],
  [' X-A', 'folded'],
]

const BODIES = [
  ...[
    '',
    'x',
    ERROR,
    `   \n${ERROR}`,
    `${ERROR}\n`,
    'text that ends in </Error>',
    '<Error/>',
    '\xff\xfe',
  ],
  ...['<CopyObjectResult/>', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'a'.repeat(70_000)],
  ...[
    ERROR.replace('InternalError', 'PermanentRedirect').replace(
      '</Error>',
      '<Endpoint>evil.example</Endpoint></Error>',
    ),
  ],
  ...[
    ERROR.replace('InternalError', 'SignatureDoesNotMatch'),
    '<a>'.repeat(5000),
    '<!DOCTYPE a><a/>',
  ],
] as const

/** A change of the answer. */
export function drawAnswerEdit(random: Random): AnswerEdit {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return otherEncryption(random)
    case 3: {
      const line = random.pick(STATUS_LINES)
      return {
        name: `status line ${JSON.stringify(line)}`,
        apply: (answer) => {
          answer.statusLine = line
        },
      }
    }
    case 4:
    case 5: {
      const [name, value] = random.pick(FIELDS)
      return {
        name: `field ${name}: ${value.slice(0, 40)}`,
        apply: ({ fields }) => fields.push([name, value]),
      }
    }
    case 6: {
      const body = random.pick(BODIES)
      return {
        name: `body ${JSON.stringify(body.slice(0, 60))}`,
        apply: (answer) => {
          answer.body = Buffer.from(body, 'latin1')
        },
      }
    }
    case 7: {
      const framing = random.pick(['chunked', 'close', 'none'] as const)
      return {
        name: `framing ${framing}`,
        apply: (answer) => {
          answer.framing = framing
        },
      }
    }
    default:
      return otherEnd(random)
  }
}

function otherEncryption(random: Random): AnswerEdit {
  const how = random.below(9)
  return {
    name: `encryption (${how})`,
    apply: (answer) => {
      const { fields } = answer
      const without = (name: string): void => {
        answer.fields = answer.fields.filter(([other]) => other !== name)
      }
      switch (how) {
        case 0:
          without(SSE)
          without(KEY_ID)
          break
        case 1:
          without(KEY_ID)
          break
        case 2:
          without(SSE)
          break
        case 3:
          without(SSE)
          without(KEY_ID)
          answer.fields.push(...FOREIGN_ENCRYPTION)
          break
        case 4:
          fields.push([SSE, 'AES256'])
          break
        case 5:
          fields.unshift([KEY_ID, 'another'])
          break
        case 6:
          for (const field of fields) if (field[0] === SSE) field[1] = 'aws:kms, AES256'
          break
        case 7:
          for (const field of fields) field[0] = field[0].toUpperCase()
          break
        default:
          fields.push([`${SSE}-customer-algorithm`, 'AES256'])
      }
    },
  }
}

const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 199 X\r\nContent-Length: 5\r\n\r\n',
] as const

function otherEnd(random: Random): AnswerEdit {
  const missing = random.pick([1, 2, 5, 20, 100, 400])
  const interim = random.pick(INTERIM)
  const extra = random.pick([
    'x',
    '\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nx-from: split\r\n\r\nsplit!',
  ])
  switch (random.below(3)) {
    case 0:
      return {
        name: `${missing} bytes missing`,
        apply: (answer) => {
          answer.missing = missing
        },
      }
    case 1:
      return {
        name: `before it ${JSON.stringify(interim)}`,
        apply: (answer) => answer.interim.push(interim),
      }
    default:
      return {
        name: `behind it ${JSON.stringify(extra)}`,
        apply: (answer) => {
          answer.extra = extra
        },
      }
  }
}
