import { type Command, Option } from '@commander-js/extra-typings'
import { addCommand, CONFIG, example } from './add-command.ts'
import type { ExitCode, Terminal } from './command.ts'
import { collect, parseSource } from './option-values.ts'

type OnExit = (code: ExitCode) => void

const EXIT_CODES = `
Exit codes: 0 everything is sealed or exempt, 3 objects are left, 1 failed or stopped, 2 wrong usage or configuration.`

/** `sealgate sweep …`: objects that were there before the proxy, or were written around it. */
export function addSweep(program: Command, terminal: Terminal, onExit: OnExit): void {
  const sweep = addCommand(program, 'sweep')
    .summary("find objects that are not under the policy's key")
    .description(
      'Find objects that were there before the proxy or were written around it, and say what has to be done with each (docs/sweep.md).',
    )
  addPlan(sweep, terminal, onExit)
}

function addPlan(sweep: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(sweep, 'plan', 'sweep ')
    .summary('look at every object; writes nothing to S3')
    .description(
      'List buckets, look at every object version, decide which key the policy wants of it, and write a plan into the state. Writes nothing to S3. The same command goes on with a plan that was stopped.',
    )
    .requiredOption(...CONFIG)
    .requiredOption('--bucket <name>', 'a bucket; repeatable', collect)
    .option('--prefix <prefix>', 'only keys that begin with it', '')
    .addOption(
      new Option('--versions <which>', 'current versions, or all')
        .choices(['current', 'all'] as const)
        .default('current' as const),
    )
    .option('--source <source>', 'where names come from: list', parseSource, 'list')
    .option('--as <client>', 'decide as for uploads of this client, where rules match by client')
    .requiredOption('--state <dir>', 'the folder of the plan; a new one for each plan')
    .addOption(
      new Option('--format <format>', 'how the result is written')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      example('sweep plan --config sealgate.yaml --bucket data --state ./sweep'),
    )
    .addHelpText('after', EXIT_CODES)
    .action(async (options) => {
      onExit(await (await import('./sweep-plan.ts')).sweepPlan(options, terminal))
    })
}
