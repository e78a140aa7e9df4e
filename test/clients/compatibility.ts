import { isDeepStrictEqual } from 'node:util'
import { type ContractCase, POLICY } from '../contract/contract-case.ts'
import { FEATURES, type Feature } from './client-under-test.ts'
import { CLIENTS_NOT_RUN } from './not-run.ts'
import type { ClientRow, FeatureOutcome } from './run-client.ts'

const INTRODUCTION = `# Compatibility

Written by \`npm run test:rgw -- --write\`: what real clients do through Sealgate, on a real S3 server (Ceph RGW 16.2, from Debian 12)
with SSE-KMS. Each client runs directly at the server and through Sealgate; then the server itself is asked for every object: it is
\`aws:kms\` under the policy's key, and its content is equal. \`npm run test:clients\` does the same on the embedded S3.

| mark | means |
| --- | --- |
| yes | works through Sealgate, as it does directly |
| yes ⁺ | works through Sealgate, and not directly at this server |
| refused | Sealgate answers an S3 error; the cause is below |
| – | the client has no such thing |
`

const DIFFERENCES = `## What a client can do directly and not through Sealgate

| what | client | why |
| --- | --- | --- |
| copy on Ceph RGW 16 | all | CopyObject answers 200 and does not encrypt: Sealgate answers 500 InternalError with \`x-sealgate-reason: encryption-not-confirmed\`; the copy is there, unencrypted, and the audit line names it. Of a source that is encrypted, as all that Sealgate wrote is, RGW itself says 501 NotImplemented. UploadPartCopy works, so copies in parts do. At AWS and at the embedded S3 copies work |
| presigned URLs of SigV2 | s3cmd \`signurl\`; boto3 and awscli 1 in us-east-1, unless told \`s3v4\` | S3 does not take SigV2 for SSE-KMS objects |
| SSE-C | all | a customer's own key is not the policy's: refused on uploads and reads. Stored under the rule's key with \`rules[].customerKeys: override\`, and read all the same with \`reads.customerKeys: strip\` |
`

const BROWSERS = `## Pages in a browser

\`npm run test:browser\` has Debian's Chromium do what pages do with presigned addresses and forms, of Sealgate's origin and of
others: upload a file with \`fetch\`, whole or in parts, read it back, post a form. For a page of another origin the bucket's CORS
configuration has to allow it, at S3 as ever: preflights go there, unsigned and without their query, and the
\`Access-Control-*\` fields of its answers come back. What Sealgate refuses of a signed request such a page can read as it
could read S3's refusal. A preflight for a bucket that no client has is refused. A request without a signature that a
browser says is another site's (\`Sec-Fetch-Site: cross-site\`, or without that field an \`Origin\` of another host) is always
refused, also where the listener admits others.
`

/** docs/compatibility.md as this run saw it. */
export function buildCompatibility(
  rows: readonly ClientRow[],
  contract: readonly ContractCase[],
): string {
  return [
    INTRODUCTION,
    '## Clients and what they do',
    '',
    ...featureTable(rows),
    '',
    DIFFERENCES,
    '## Single requests that Sealgate answers otherwise than S3',
    '',
    'From the contract tests (test/contract), the policy’s encryption apart.',
    '',
    ...requestTable(contract),
    '',
    BROWSERS,
    '## Settings',
    '',
    '`SEALGATE` is host and port of the listener; keys are those that Sealgate’s configuration gives the client. With TLS: `https://`, and the authority that signed the listener’s certificate.',
    '',
    '| client | endpoint and addressing | authority and others |',
    '| --- | --- | --- |',
    ...rows.map(({ client }) => `| ${[client.name, ...client.settings].map(cell).join(' | ')} |`),
    '',
    '### Not run',
    '',
    'These could not be run on the test machine: the settings are from their documentation.',
    '',
    '| client | endpoint and addressing | authority and others |',
    '| --- | --- | --- |',
    ...CLIENTS_NOT_RUN.map(
      (client) => `| ${[`${client.name} (not run)`, ...client.settings].map(cell).join(' | ')} |`,
    ),
    '',
  ].join('\n')
}

function featureTable(rows: readonly ClientRow[]): readonly string[] {
  return [
    `| client | version | ${FEATURES.join(' | ')} |`,
    `| --- | --- |${FEATURES.map(() => ' --- |').join('')}`,
    ...rows.map((row) => {
      const marks = FEATURES.map((feature) => markOf(row, feature))
      return `| ${[row.client.name, `${row.version}, ${row.client.from}`, ...marks].join(' | ')} |`
    }),
  ]
}

function markOf(row: ClientRow, feature: Feature): string {
  if (row.client.features[feature] === undefined) return '–'
  const through: FeatureOutcome | undefined = row.through.get(feature)
  switch (through) {
    case 'works':
      // The server of the run has no TLS of its own.
      if (feature === 'TLS') return 'yes'
      return row.direct.get(feature) === 'works' ? 'yes' : 'yes ⁺'
    case 'refused':
    case 'fails':
      return through
    case undefined:
      return 'not run'
  }
}

/** One line for each way in which Sealgate itself answers otherwise, with the first case of it. */
function requestTable(contract: readonly ContractCase[]): readonly string[] {
  const groups = new Map<string, { readonly says: string; more: number }>()
  for (const one of contract) {
    const difference = one.differs?.sealgate
    if (!difference || difference.cause === POLICY || isDeepStrictEqual(difference.see, one.aws)) {
      continue
    }
    const answers = `${cell(answerOf(one.aws))} | ${cell(answerOf(difference.see))}`
    const way = `${answers} | ${cell(difference.cause)}`
    const group = groups.get(way)
    if (group) group.more++
    else groups.set(way, { says: cell(one.says), more: 0 })
  }
  const lines = [...groups].map(([way, { says, more }]) => {
    const others = more === 0 ? '' : ` (and ${more} like it)`
    return `| ${says}${others} | ${way} |`
  })
  return ['| request | S3 | Sealgate | cause |', '| --- | --- | --- | --- |', ...lines]
}

function answerOf(see: Readonly<Record<string, unknown>>): string {
  const { answer } = see
  return typeof answer === 'string' ? answer : JSON.stringify(see)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
