import { equal, ok } from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ORIGIN, StreamFile, verifierKeyOf } from '../support/make-trail.ts'
import { type Block, blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { RequestWriter } from '../support/report-trail.ts'
import { anchor, seal } from '../support/sealed-trail.ts'
import type { Group } from './group.ts'
import type { Differences, PageShell } from './page-shell.ts'

const PAGE = 'docs/evidence.md'
/** The page's trail. */
const TRAIL = '/var/lib/sealgate/audit'

/** docs/evidence.md: every command but those by hand, which `npm test` runs. */
export const EVIDENCE: Group = {
  name: 'evidence',
  pages: [PAGE],
  packages: [],
  check: async (report, shell) => {
    await checkSealing(report, shell)
    const trail = writeTrail(shell)
    const differences: Differences = {
      replace: {
        [TRAIL]: trail,
        '/mnt/anchor': shell.path('anchor'),
        [`${ORIGIN}+8360c252+AQOh…`]: verifierKeyOf(),
        '127.0.0.1:9091': '127.0.0.1:0',
      },
    }
    await checkReading(report, shell, differences)
    await checkPage(report, shell, differences)
  },
}

function only(heading: string): Block {
  const [block] = blocksUnder(PAGE, heading, 'sh', 1)
  if (block === undefined) throw new Error(heading)
  return block
}

/** A trail with the page's object in it, closed, sealed and anchored. */
function writeTrail(shell: PageShell): string {
  const trail = shell.path('trail')
  const stream = new StreamFile(trail, 'one')
  const requests = new RequestWriter(stream)
  requests.configure('start', 'enforce')
  const object = { bucket: 'billing', key: '2026/01/report' }
  requests.write({ ...object, write: 'sealed', upstreamRequestId: 'X0' })
  requests.write({ ...object, operation: 'GetObject', read: 'policy' })
  requests.configure('stop', 'enforce')
  stream.close()
  seal(trail)
  const [, size] = readFileSync(join(trail, 'tree/checkpoint'), 'utf8').split('\n')
  anchor(trail, shell.path('anchor'), Number(size))
  writeFileSync(shell.path('audit.policy'), `log ${verifierKeyOf()}\n`)
  return trail
}

async function checkSealing(report: Report, shell: PageShell): Promise<void> {
  await report.check('evidence', 'a key is made, and seals a trail until SIGTERM', async () => {
    const [keygen, follow] = blocksUnder(PAGE, 'The tree', 'sh', 2)
    if (keygen === undefined || follow === undefined) return
    const printed = await shell.run(keygen)
    ok(printed.trim().startsWith(`${ORIGIN}+`), printed)
    const trail = shell.path('followed')
    new StreamFile(trail, 'one').request(3)
    const program = shell.start(follow, { replace: { [TRAIL]: trail } })
    for (let tries = 0; tries < 200 && !existsSync(join(trail, 'tree/checkpoint')); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    equal(await program.stop(), 0, program.stderr)
    const checked = await shell.execute(`sealgate audit verify ${trail} --vkey '${printed.trim()}'`)
    ok(checked.output.includes(ORIGIN), checked.output)
  })
}

async function checkReading(report: Report, shell: PageShell, differences: Differences) {
  await report.check('evidence', 'a whole trail is verified, with its anchor', async () => {
    await shell.run(only('Verifying'), differences)
  })
  await report.check('evidence', 'a month is reported', async () => {
    // 3: verified, and the month has hours before and after this stream.
    const { code, output } = await shell.attempt(only('Reports'), differences)
    equal(code, 3, output)
    const html = readFileSync(shell.path('november.html'), 'utf8')
    ok(html.includes('100 %'), html.slice(0, 2000))
  })
  await report.check('evidence', 'the lines of an object are found', async () => {
    const stdout = await shell.run(only('One object'), differences)
    ok(/^Object +billing\/2026\/01\/report\nNow +under arn:aws:kms:/m.test(stdout), stdout)
  })
  await report.check('evidence', "S3's own records are compared", async () => {
    writeCloudTrail(shell.path('AWSLogs'))
    const { code, output } = await shell.attempt(only("Beside S3's own records"), differences)
    equal(code, 1, output)
    ok(/^Not through Sealgate +1$/m.test(output), output)
  })
  await report.check('evidence', 'a line is proved, and its proof is checked', async () => {
    await shell.run(only('One line, proved'), differences)
    equal(readdirSync(shell.folder).includes('report.tlog-proof'), true)
  })
}

async function checkPage(report: Report, shell: PageShell, differences: Differences) {
  await report.check('evidence', 'the page is served until SIGTERM', async () => {
    const program = shell.start(only('The page'), differences)
    try {
      const [url] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/)
      const answer = await fetch(url)
      equal(answer.status, 200)
      ok((await answer.text()).includes('billing'))
    } finally {
      equal(await program.stop(), 0, program.stderr)
    }
  })
}

/** One event of a write around Sealgate, in CloudTrail's documented form. */
function writeCloudTrail(folder: string): void {
  mkdirSync(folder)
  const event = {
    eventVersion: '1.09',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/alice' },
    eventTime: '2026-11-28T15:00:02Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'PutObject',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.1',
    requestParameters: { bucketName: 'billing', key: '2026/01/report' },
    additionalEventData: { SignatureVersion: 'SigV4', SSEApplied: 'SSE_S3', bytesTransferredIn: 4 },
    requestID: 'X1',
    readOnly: false,
    resources: [{ type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::billing/2026/01/report' }],
    eventType: 'AwsApiCall',
    managementEvent: false,
    eventCategory: 'Data',
  }
  writeFileSync(join(folder, 'events.json'), JSON.stringify({ Records: [event] }))
}
