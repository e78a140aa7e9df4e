import { type Command, Option } from '@commander-js/extra-typings'
import { addCommand, example } from './add-command.ts'
import { addReports } from './audit-report-commands.ts'
import type { ExitCode, Terminal } from './command.ts'
import { collect, parseEvery, parseInstant, parseRetention } from './option-values.ts'

type OnExit = (code: ExitCode) => void

/** `sealgate audit …`: what is done with a trail; none of it needs a configuration. */
export function addAudit(program: Command, terminal: Terminal, onExit: OnExit): void {
  const audit = addCommand(program, 'audit')
    .summary('seal and verify an audit trail')
    .description('Seal and verify a trail that was written with audit.evidence (docs/evidence.md).')
  addKeygen(audit, terminal, onExit)
  addSeal(audit, terminal, onExit)
  addVerify(audit, terminal, onExit)
  addReports(audit, terminal, onExit)
  addConvert(audit, terminal, onExit)
  addProve(audit, terminal, onExit)
  addCheckProof(audit, terminal, onExit)
}

function addKeygen(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'keygen', 'audit ')
    .summary('make a sealing key')
    .description(
      'Make a sealing key (Ed25519, PEM, mode 0600) and print its verifier key, which verifiers need and which is no secret.',
    )
    .requiredOption('--origin <name>', 'the name of the log, as in audit.evidence.origin')
    .requiredOption('--out <file>', 'where the key goes; never over a file that is there')
    .addHelpText(
      'after',
      example('audit keygen --origin audit.example.com/sealgate/gw-0 --out sealing-key.pem'),
    )
    .action(async ({ origin, out }) => {
      onExit((await import('./audit-keygen.ts')).auditKeygen(origin, out, terminal))
    })
}

function addSeal(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'seal', 'audit ')
    .summary('sign what a trail holds')
    .description(
      'Put the lines of a trail into its tree and sign a checkpoint: once, or with --follow as it grows, until SIGTERM. For a trail whose key is not on the machine of the proxy.',
    )
    .requiredOption('--dir <dir>', 'the trail')
    .requiredOption(
      '--key <file>',
      'the sealing key; repeated, each signs: the new key first, and the former one once',
      collect,
    )
    .option('--origin <name>', 'the name of the log, if the key file does not say it')
    .option('--follow', 'go on until SIGTERM', false)
    .addOption(
      new Option('--every <duration>', 'longest time between two checkpoints')
        .default(60_000, '60s')
        .argParser(parseEvery),
    )
    .option('--anchor <place>', 'who else gets each checkpoint: a folder, or s3://BUCKET/PREFIX')
    .option(
      '--retain <time>',
      'for so long S3 lets nobody delete it: 90d, 24h (default: as the bucket says)',
      parseRetention,
    )
    .option(
      '--config <file>',
      'configuration whose upstream has the bucket of --anchor (default: AWS_REGION, AWS_ENDPOINT_URL_S3 and the default credentials)',
    )
    .addHelpText('after', example('audit seal --dir /var/lib/sealgate/audit --key sealing-key.pem'))
    .action(async ({ every, anchor: place, retain: retainMs, config, ...options }) => {
      const { auditSeal } = await import('./audit-seal.ts')
      const { dir, key, origin, follow } = options
      const anchor = place === undefined ? undefined : { place, configFile: config, retainMs }
      onExit(await auditSeal({ dir, key, origin, follow, everyMs: every, anchor }, terminal))
    })
}

const VERIFY_EXIT_CODES = `
Exit codes: 0 verified and complete, 1 not verified, 3 verified, with gaps that the trail itself tells of, 2 wrong usage.`

function addVerify(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'verify', 'audit ')
    .summary('verify a trail')
    .description(
      'Verify a trail from its bytes, and answer apart: is it what was written and sealed (integrity), what is missing (completeness), how new is it and who else vouches for it (freshness).',
    )
    .argument('<paths...>', "folders of trails, or line files (.jsonl, also gzip'ed)")
    .option('--vkey <key>', 'verifier key of the log; repeatable', collect)
    .option(
      '--policy <file>',
      'file with verifier keys (log VKEY, one a line; c2sp.org/tlog-policy)',
    )
    .option(
      '--anchor <place>',
      'checkpoints that somebody else holds: a folder, or s3://BUCKET/PREFIX',
    )
    .option(
      '--config <file>',
      'configuration whose upstream has the bucket of --anchor (default: AWS_REGION, AWS_ENDPOINT_URL_S3 and the default credentials)',
    )
    .option(
      '--from <time>',
      'ask for completeness from this time on (default: the beginning); bytes are verified all the same',
      parseInstant,
    )
    .option('--to <time>', 'and before this time (default: now)', parseInstant)
    .addOption(
      new Option('--format <format>', 'how the answer is written')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText('after', example('audit verify /var/lib/sealgate/audit --policy audit.policy'))
    .addHelpText('after', VERIFY_EXIT_CODES)
    .action(async (paths, { vkey, policy, anchor, config, from, to, format }) => {
      const { auditVerify } = await import('./audit-verify.ts')
      const options = {
        paths,
        vkeys: vkey ?? [],
        policy,
        anchor,
        configFile: config,
        from,
        to,
        isJson: format === 'json',
      }
      onExit(await auditVerify(options, terminal))
    })
}

function addConvert(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'convert', 'audit ')
    .summary('write audit lines in another format')
    .description(
      'Write the lines of an audit as events of OCSF 1.3, class Datastore Activity (6005), one a line. Lines about the configuration and the trail have no place there.',
    )
    .argument('<files...>', 'files of lines; - for the standard input')
    .addOption(
      new Option('--format <format>', 'the format')
        .choices(['ocsf'] as const)
        .default('ocsf' as const),
    )
    .addHelpText('after', example('audit convert --format ocsf audit.jsonl > ocsf.jsonl'))
    .action(async (files) => {
      const { auditConvert } = await import('./audit-convert.ts')
      onExit(await auditConvert(files, process.stdin, terminal))
    })
}

function addProve(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'prove', 'audit ')
    .summary('prove one line')
    .description(
      'Write the proof that one sealed line is in the log (c2sp.org/tlog-proof): a short text that is verified offline and shows no other line. Of several lines of an object it is the newest.',
    )
    .argument('<dir>', 'the trail')
    .option('--request-id <id>', 'the line of this request')
    .option('--bucket <name>', 'with --key: a line of this object')
    .option('--key <key>', 'the key of the object')
    .option('--out <file>', 'where the proof goes (default: standard output)')
    .addHelpText(
      'after',
      example('audit prove /var/lib/sealgate/audit --bucket b --key k --out k.tlog-proof'),
    )
    .action(async (dir, { requestId, bucket, key, out }) => {
      const { auditProve } = await import('./audit-prove.ts')
      onExit(await auditProve({ dir, requestId, bucket, key, out }, terminal))
    })
}

function addCheckProof(audit: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(audit, 'check-proof', 'audit ')
    .summary('verify the proof of a line')
    .description(
      'Verify a proof that `audit prove` wrote, and print the line. Exits 0 if it is proved, else 1.',
    )
    .argument('<file>', 'the proof')
    .option('--vkey <key>', 'verifier key of the log; repeatable', collect)
    .option(
      '--policy <file>',
      'file with verifier keys (log VKEY, one a line; c2sp.org/tlog-policy)',
    )
    .addHelpText('after', example('audit check-proof k.tlog-proof --policy audit.policy'))
    .action(async (file, { vkey, policy }) => {
      const { auditCheckProof } = await import('./audit-prove.ts')
      onExit(auditCheckProof(file, { vkeys: vkey ?? [], policy }, terminal))
    })
}
