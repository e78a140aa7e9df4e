import { GUARD_NAMES, guardOf } from '../contract/guards/guard-rules.ts'
import { ABILITIES, type Ability } from './abilities.ts'
import { ABSENT } from './absent.ts'
import { comparedFor } from './ask-server.ts'
import type { ServerUnderTest, Setup } from './server.ts'
import type { Snapshot, Way } from './snapshot.ts'

export const DOCUMENT = 'docs/upstreams.md'

const ENCRYPTION: readonly Ability[] = [
  'on disk',
  'PutObject',
  'multipart',
  'copy',
  'form',
  'UpdateObjectEncryption',
]
const OTHERS = ABILITIES.filter((ability) => !ENCRYPTION.includes(ability))

const SETUPS: Readonly<Record<Setup, string>> = {
  confirm: 'as it is by default',
  report: '`policy.confirmation: report`',
  exempt: '`exempt` rule',
}

/** A server and its kept table. */
interface Row {
  readonly server: ServerUnderTest
  readonly kept: Snapshot
}

/** The page, from the kept tables alone. */
export function pageOf(
  servers: readonly ServerUnderTest[],
  keptOf: (name: string) => Snapshot | undefined,
): string {
  const rows = servers.flatMap((server): readonly Row[] => {
    const kept = keptOf(server.name)
    return kept === undefined ? [] : [{ server, kept }]
  })
  return `# S3 servers behind Sealgate

Reference · next: [the embedded S3](sandbox.md) · [all pages](README.md)

\`npm run test:upstreams -- --write\` writes this page: it starts each server on this machine, asks it the contract of
[test/contract](../test/contract), directly and through Sealgate, and keeps what differs from S3 in
[test/upstreams/expected](../test/upstreams/expected). Without \`--write\` a server that does better or worse than its table fails
the run. The servers are not Amazon S3; versions and dates are in the tables.

Whatever the server does, **no write is answered with success unless the server names the policy's key**: in its answer, or in the
answer to a HEAD that Sealgate sends. A write that it does not confirm is answered with 501 \`EncryptionNotConfirmed\`
and \`x-sealgate-reason: encryption-not-confirmed\`; the object is there, unencrypted, and the audit line names it.

## SSE-KMS

| word | means |
| --- | --- |
| confirmed | the answer names algorithm and key |
| confirmed by HEAD | the answer names nothing, a HEAD of the object does; Sealgate asks by itself |
| confirmed, and HEAD denies it | Sealgate takes the answer for true; a HEAD names no encryption |
| ignored | the server answers with success, and stores without SSE-KMS |
| a status | the server's answer to a valid request |
| encrypted, plain | the octets of the object were looked for in the server's files |
| in memory | the server has no files to look at |
| refused | the server refuses the write, so there is nothing to look for |

${table(
  ['server', 'version', 'seen', ...ENCRYPTION],
  rows.map(({ server, kept }) => [
    server.name,
    server.version,
    kept.date,
    ...ENCRYPTION.map((ability) => kept.abilities[ability]),
  ]),
)}

**A server that says it encrypts need not.** Sealgate and its audit log can only tell what the server says. Mocks confirm a key and
store the data as it came (\`confirmed\`, and \`plain\` or \`in memory\`): they are for tests.

**UpdateObjectEncryption** is closed unless \`policy.allowOperations\` opens it. Do not open it, and do not let \`sealgate sweep\` use it,
where the table says that it overwrites: the server takes the request for an upload, and the object's content is then the request's
XML document. \`sweep run\` and \`sweep plan --probe\` ask with an object of their own first.

## The rest of the protocol

\`upstream.trailers: terminate\` makes Sealgate verify trailing checksums itself and send plain bodies on: set it where the table
does not say that all trailers are taken.

${table(
  ['server', ...OTHERS],
  rows.map(({ server, kept }) => [
    server.name,
    ...OTHERS.map((ability) => kept.abilities[ability]),
  ]),
)}

*Not verified*: the server takes any signature, or any checksum. Sealgate verifies signatures, signed chunks and trailing checksums
itself. A payload hash, Content-MD5 and checksums in header fields are sent on and signed, and it is the server that has to
compare them with the body: behind a server that does not, nobody does.

## How to set Sealgate up

| setup | for | what is lost |
| --- | --- | --- |
| as it is by default | servers that confirm | nothing |
| \`policy.confirmation: report\` | servers that take the encryption headers and ignore them | the policy: objects are stored as the server pleases; each is counted in \`sealgate_confirmations_total\` and named in the audit log |
| a rule with \`exempt: REASON\` | servers that refuse the encryption headers | the policy: nothing is added or checked; the audit line has the reason |

Behind the last two Sealgate verifies signatures, grants and payloads, and audits; it does not enforce encryption. Encrypt the server's disks.

${table(
  [
    'server',
    'from',
    'for SSE-KMS',
    'setup',
    'as S3, directly',
    'through Sealgate, enforced',
    'through Sealgate, so set up',
  ],
  rows.map(({ server, kept }) => [
    server.name,
    server.from,
    server.settings,
    SETUPS[server.setup],
    ...(['direct', 'enforced', 'relaxed'] as const).map((way) => countOf(server, kept, way)),
  ]),
)}

The last three columns count cases of the contract that go as at Amazon S3 (through Sealgate: as Sealgate does in front of Amazon
S3). Where nothing is confirmed, *enforced* asks the writes alone: the few that go as at Amazon S3 are those that Sealgate refuses there too.

## Guards

What [guards](configuration.md#guards) demand was tried in each way to write, and the server was asked afterwards what it has
([test/contract/guards](../test/contract/guards)). The table counts the cases that go as in front of Amazon S3. No server was given what a guard
refuses; what a server *forgets* is what it was asked for and answered with success, and does not keep.

${table(
  ['server', ...GUARD_NAMES.map((name) => `\`${name}\``), 'forgets'],
  rows.flatMap(({ server, kept: { cases } }) => {
    if (cases.guards === undefined) return []
    const differing = Object.keys(cases.guards)
    const counts = GUARD_NAMES.map((name) => {
      const isMeant = (id: string) => guardOf(id) === name
      const all = comparedFor('guards', server).filter(({ id }) => isMeant(id)).length
      return `${all - differing.filter(isMeant).length} of ${all}`
    })
    return [[server.name, ...counts, server.forgets]]
  }),
)}

Cases that a server answers now so, now otherwise are asked and not compared:

${table(
  ['server', 'cases', 'why'],
  rows.flatMap(({ server: { name, unsettled } }) =>
    unsettled === undefined ? [] : [[name, `\`${unsettled.cases.source}\``, unsettled.why]],
  ),
)}

## Servers that do not run here

${table(
  ['server', 'tried', 'why not'],
  ABSENT.map(({ server, tried, why }) => [server, tried, why]),
)}
`
}

function countOf(server: ServerUnderTest, kept: Snapshot, way: Way): string {
  const asked = comparedFor(way, server).length
  if (asked === 0) return '–'
  return `${asked - Object.keys(kept.cases[way] ?? {}).length} of ${asked}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n')
}
