import { xmlTexts } from '../../support/xml.ts'
import { type ContractCase, judgedHere } from '../contract-case.ts'
import { statusOf } from '../run.ts'

/** Keys that careless programs change on the way; behind a prefix of the case's own. */
const ODD_KEYS: Readonly<Record<string, string>> = {
  'double-slash': 'a//b',
  dot: 'a/./x',
  'dot-dot': 'a/../x',
  'encoded-dots': 'a/%2e%2e/x',
  'encoded-slash': 'a%2Fb',
  'plus-and-space': 'a+b c',
  unicode: 'ü/日本/😀',
  separators: 'a;b=c&d',
  question: 'a?b',
  hash: 'a#b',
  percent: '100%',
  'percent-25': 'a%25b',
  quotes: `a"b'c`,
  brackets: '[a]{b}(c)<d>',
  backslash: 'a\\b',
  'trailing-slash': 'a/',
  'trailing-space': 'a ',
  star: 'a*b!~$,:@|^`',
  'looks-like-query': 'a?uploads',
}

/** Keys reach the server octet for octet. */
export const KEYS: readonly ContractCase[] = [
  ...Object.entries(ODD_KEYS).map(
    ([id, name]): ContractCase => ({
      id: `key-${id}`,
      says: `the key ${JSON.stringify(name)} is written, read, listed and deleted as it is`,
      source: 'AWS, object-keys and sig-v4-header-based-auth',
      run: async (run) => {
        const key = `${run.key}/${name}`
        const target = run.path(key)
        const put = await run.ask('PUT', { target, body: name })
        const get = await run.ask('GET', { target })
        const prefix = encodeURIComponent(`${run.key}/`)
        const listed = await run.ask('GET', {
          target: `/${run.bucket}?list-type=2&prefix=${prefix}`,
        })
        const direct = await run.content(key)
        const deleted = await run.ask('DELETE', { target })
        return {
          put: put.status,
          get: get.body.toString(),
          listed: xmlTexts(listed.body, 'Key'),
          direct: direct !== undefined,
          deleted: deleted.status,
          left: await run.stored(key),
        }
      },
      aws: {
        put: 200,
        get: name,
        listed: [`key-${id}/${name}`],
        direct: true,
        deleted: 204,
        left: 'none',
      },
    }),
  ),
  {
    id: 'key-1024',
    says: 'a key of 1,024 octets is accepted, one of 1,025 is not',
    source: 'AWS, object-keys and ErrorResponses',
    run: async (run) => {
      const prefix = `${run.key}/`
      const longest = prefix + 'k'.repeat(1024 - prefix.length)
      const accepted = await run.ask('PUT', { target: run.path(longest), body: 'x' })
      const refused = await run.ask('PUT', { target: run.path(`${longest}k`), body: 'x' })
      return { accepted: statusOf(accepted), refused: statusOf(refused) }
    },
    aws: { accepted: '200', refused: '400 KeyTooLongError' },
    differs: judgedHere({ accepted: '200', refused: '400 InvalidObjectName' }, 'RGW names it so', {
      accepted: '200',
      refused: '400 KeyTooLongError',
    }),
  },
  {
    id: 'key-lower-case-escape',
    says: 'escapes in lower case and needless escapes name the same key',
    source: 'AWS, sig-v4-header-based-auth',
    run: async (run) => {
      const target = `/${run.bucket}/${run.key}/%c3%bc%61`
      const put = await run.ask('PUT', { target, body: 'x' })
      return { put: statusOf(put), content: await run.content(`${run.key}/üa`) }
    },
    aws: { put: '200', content: 'x' },
  },
  {
    id: 'key-copy-source-odd',
    says: 'a copy source with escapes is the key that it encodes',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      const created = await run.ask('POST', { target: run.path(run.key, 'uploads') })
      const uploadId = xmlTexts(created.body, 'UploadId')[0]
      await run.seed(`${run.key}/ü +b`, 'odd')
      const part = await run.ask('PUT', {
        target: run.path(run.key, `partNumber=1&uploadId=${uploadId}`),
        fields: [['x-amz-copy-source', run.path(`${run.key}/ü +b`)]],
      })
      return { part: statusOf(part) }
    },
    aws: { part: '200' },
  },
]
