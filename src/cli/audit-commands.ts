import type { Command } from '@commander-js/extra-typings'
import { addCommand, example } from './add-command.ts'
import type { ExitCode, Terminal } from './command.ts'
import { collect, parseEvery } from './option-values.ts'

type OnExit = (code: ExitCode) => void

/** `sealgate audit …`: what is done with a trail; none of it needs a configuration. */
export function addAudit(program: Command, terminal: Terminal, onExit: OnExit): void {
  const audit = addCommand(program, 'audit')
    .summary('seal and verify an audit trail')
    .description('Seal and verify a trail that was written with audit.evidence (docs/evidence.md).')
  addKeygen(audit, terminal, onExit)
  addSeal(audit, terminal, onExit)
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
    .option('--every <duration>', 'longest time between two checkpoints', parseEvery, 60_000)
    .addHelpText('after', example('audit seal --dir /var/lib/sealgate/audit --key sealing-key.pem'))
    .action(async ({ every, ...options }) => {
      const { auditSeal } = await import('./audit-seal.ts')
      const { dir, key, origin, follow } = options
      onExit(await auditSeal({ dir, key, origin, follow, everyMs: every }, terminal))
    })
}
