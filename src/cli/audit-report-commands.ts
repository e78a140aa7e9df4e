import { type Command, Option } from '@commander-js/extra-typings'
import { addCommand, example } from './add-command.ts'
import type { ExitCode, Terminal } from './command.ts'
import { collect, parseAddress, parseInstant } from './option-values.ts'

type OnExit = (code: ExitCode) => void

/** `sealgate audit report`: what a trail says, for auditors. */
export function addReports(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addReport(audit, terminal, onExit)
  addFind(audit, terminal, onExit)
  addReconcile(audit, terminal, onExit)
  addServe(audit, terminal, onExit)
}

const PATHS = ['<paths...>', "folders of trails, or line files (.jsonl, also gzip'ed)"] as const
const VKEY = ['--vkey <key>', 'verifier key of the log; repeatable'] as const
const POLICY = [
  '--policy <file>',
  'file with verifier keys (log VKEY, one a line; c2sp.org/tlog-policy)',
] as const
const ANCHOR = [
  '--anchor <place>',
  'checkpoints that somebody else holds: a folder, or s3://BUCKET/PREFIX',
] as const
const CONFIG = [
  '--config <file>',
  'configuration whose upstream has the bucket of --anchor',
] as const

const REPORT_EXIT_CODES = `
Exit codes are those of audit verify: 0 verified and complete, 1 not verified, 3 verified, with gaps, 2 wrong usage.`

function addReport(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'report', 'audit ')
    .summary('say what a trail says of a period')
    .description(
      'Verify a trail and report what it says: which objects were written under which key, everything that was not, and times without evidence. The SHA-256 of the report is printed, and recorded in the trail if the folder belongs to the user.',
    )
    .argument(...PATHS)
    .option('--from <time>', 'lines from this time on (default: the first)', parseInstant)
    .option('--to <time>', 'lines before this time (default: now)', parseInstant)
    .addOption(
      new Option('--by <what>', 'how uploads are grouped (default: in all of these ways)').choices([
        'key',
        'bucket',
        'client',
        'rule',
        'day',
      ] as const),
    )
    .addOption(
      new Option('--format <format>', 'the format')
        .choices(['text', 'csv', 'json', 'ocsf', 'html'] as const)
        .default('text' as const),
    )
    .option('--out <file>', 'where the report goes (default: standard output)')
    .option('--no-record', 'do not record the report in the trail')
    .option(...VKEY, collect)
    .option(...POLICY)
    .option(...ANCHOR)
    .option(...CONFIG)
    .addHelpText(
      'after',
      example(
        'audit report /var/lib/sealgate/audit --from 2026-11-01 --to 2026-12-01 --policy audit.policy --format html --out november.html',
      ),
    )
    .addHelpText('after', REPORT_EXIT_CODES)
    .action(async (paths, { vkey, config, record, ...options }) => {
      const { auditReport } = await import('./audit-report.ts')
      const { from, to, by, format, out, policy, anchor } = options
      const proof = { vkeys: vkey ?? [], policy, anchor, configFile: config }
      const input = { paths, from, to, by, format, out, isRecorded: record, proof }
      onExit(await auditReport(input, terminal))
    })
}

function addFind(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'find', 'audit ')
    .summary('find the lines of an object')
    .description(
      'Print every line of an object, the newest first, and the key that holds it now, as far as it went through Sealgate. Nothing is verified. Exits 1 if there is no line.',
    )
    .argument(...PATHS)
    .requiredOption('--bucket <name>', 'the bucket')
    .requiredOption('--key <key>', 'the key of the object')
    .option('--version-id <id>', 'lines of this version alone')
    .addOption(
      new Option('--format <format>', 'the format')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      example('audit find /var/lib/sealgate/audit --bucket billing --key 2026/01/report'),
    )
    .action(async (paths, { bucket, key, versionId, format }) => {
      const { auditFind } = await import('./audit-find.ts')
      const options = { paths, bucket, key, versionId, isJson: format === 'json' }
      onExit(await auditFind(options, terminal))
    })
}

function addServe(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'serve', 'audit ')
    .summary('show the report of a trail as a page')
    .description(
      'Serve the page of `audit report --format html` with a look-up of objects and downloads (CSV, JSON, proofs, verifier keys), until SIGTERM or SIGINT. GET and HEAD only; anybody who reaches the address reads it, so that it belongs on loopback or behind a proxy with a login.',
    )
    .argument(...PATHS)
    .addOption(
      new Option('--listen <host:port>', 'the address')
        .default({ host: '127.0.0.1', port: 9091 }, '127.0.0.1:9091')
        .argParser(parseAddress),
    )
    .option(...VKEY, collect)
    .option(...POLICY)
    .option(...ANCHOR)
    .option(...CONFIG)
    .addHelpText('after', example('audit serve /var/lib/sealgate/audit --policy audit.policy'))
    .action(async (paths, { listen, vkey, policy, anchor, config }) => {
      const { auditServe } = await import('./audit-serve.ts')
      const proof = { vkeys: vkey ?? [], policy, anchor, configFile: config }
      onExit(await auditServe({ paths, listen, proof }, terminal))
    })
}

const RECONCILE_EXIT_CODES = `
Exit codes: 0 no difference, 1 differences, 2 wrong usage.`

function addReconcile(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'reconcile', 'audit ')
    .summary("compare a trail with S3's own records")
    .description(
      'Compare the lines of a trail with CloudTrail (S3 data events) or with an S3 Inventory: writes that did not come through Sealgate, lines that S3 does not know, and where both say other things. Nothing is verified.',
    )
    .argument(...PATHS)
    .option('--cloudtrail <dir>', 'folder with files of CloudTrail, of any depth (.json, .json.gz)')
    .option(
      '--inventory <file>',
      "S3 Inventory: manifest.json (CSV), or a CSV file with the columns' names",
    )
    .option('--from <time>', 'with --cloudtrail: from this time on', parseInstant)
    .option('--to <time>', 'with --cloudtrail: before this time', parseInstant)
    .addOption(
      new Option('--format <format>', 'the format')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      example('audit reconcile /var/lib/sealgate/audit --cloudtrail AWSLogs --from 2026-11-28'),
    )
    .addHelpText('after', RECONCILE_EXIT_CODES)
    .action(async (paths, { cloudtrail, inventory, from, to, format }) => {
      const { auditReconcile } = await import('./audit-reconcile.ts')
      const isJson = format === 'json'
      onExit(await auditReconcile({ paths, cloudtrail, inventory, from, to, isJson }, terminal))
    })
}
