import { type Command, Option } from '@commander-js/extra-typings'
import { LOSSES } from '../sweep/object-version.ts'
import { addCommand, CONFIG, example } from './add-command.ts'
import type { ExitCode, Terminal } from './command.ts'
import { collect } from './option-values.ts'
import {
  parseAddress,
  parseByteRate,
  parseCount,
  parseLoss,
  parseRate,
  parseSource,
  parseStopAfter,
} from './sweep-values.ts'

type OnExit = (code: ExitCode) => void

const EXIT_CODES = `
Exit codes: 0 everything is sealed or exempt, 3 objects are left, 1 failed or stopped, 2 wrong usage or configuration.`

/** `sealgate sweep …`: objects that were there before the proxy, or were written around it. */
export function addSweep(program: Command, terminal: Terminal, onExit: OnExit): void {
  const sweep = addCommand(program, 'sweep')
    .summary("find objects that are not under the policy's key, and give it to them")
    .description(
      'Find objects that were there before the proxy or were written around it, and seal them again (docs/sweep.md).',
    )
  addPlan(sweep, terminal, onExit)
  addRun(sweep, terminal, onExit)
  addStatus(sweep, terminal, onExit)
  addReport(sweep, terminal, onExit)
  addVerify(sweep, terminal, onExit)
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
    .option(
      '--source <source>',
      'where names come from: list; inventory:FILE (manifest.json of S3 Inventory, or a file in CSV or Parquet); journal:FILE (a query of S3 Metadata, in CSV or Parquet)',
      parseSource,
      'list',
    )
    .option('--as <client>', 'decide as for uploads of this client, where rules match by client')
    .option(
      '--probe',
      'ask the server with objects of our own, which are deleted after, what it can do: these are writes',
      false,
    )
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
      // First: what the other modules leave behind makes the heap grow.
      await import('../sweep/bound-heap.ts')
      onExit(await (await import('./sweep-plan.ts')).sweepPlan(options, terminal))
    })
}

function addRun(sweep: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(sweep, 'run', 'sweep ')
    .summary('do what a plan says')
    .description(
      'Do what a finished plan says, and only that: give the versions of class update their key in place, and copy the others if each loss is accepted by name. All properties of an object are read before and compared after. The same command goes on with a run that was stopped or killed.',
    )
    .requiredOption('--state <dir>', 'the folder of the plan')
    .addOption(
      new Option('--method <method>', 'only updates, only copies, or both')
        .choices(['auto', 'update', 'copy'] as const)
        .default('auto' as const),
    )
    .option(
      '--accept <loss>',
      `a loss that a copy may cause; repeatable: ${LOSSES.join(', ')}`,
      parseLoss,
    )
    .addOption(rateOption())
    .addOption(
      new Option('--octets <rate>', 'bytes a second that S3 copies')
        .default(200e6, '200MB/s')
        .argParser(parseByteRate),
    )
    .option('--concurrency <n>', 'object versions at the same time', parseCount, 16)
    .option(
      '--stop-after <limit>',
      'end after so many versions (1000) or so long (2h); the same command goes on',
      parseStopAfter,
    )
    .option('--max-failures <n>', 'end after so many failures', parseCount, 20)
    .option(
      '--metrics <address>',
      'answer /metrics for Prometheus here while it runs, as in 127.0.0.1:9465',
      parseAddress,
    )
    .addOption(formatOption())
    .addHelpText('after', example('sweep run --state ./sweep'))
    .addHelpText('after', EXIT_CODES)
    .action(async ({ accept, ...options }) => {
      const { sweepRun } = await import('./sweep-run.ts')
      onExit(await sweepRun({ accept: accept ?? [], ...options }, terminal))
    })
}

function addStatus(sweep: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(sweep, 'status', 'sweep ')
    .summary('how far it is')
    .description('Say how far a plan or a run is, also while it runs. Asks nobody.')
    .requiredOption('--state <dir>', 'the folder of the plan')
    .addHelpText('after', example('sweep status --state ./sweep'))
    .addHelpText('after', EXIT_CODES)
    .action(async ({ state }) => {
      onExit(await (await import('./sweep-report.ts')).sweepStatus(state, terminal))
    })
}

function addReport(sweep: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(sweep, 'report', 'sweep ')
    .summary('what became of every version')
    .description(
      'Write what became of every version of a plan: its encryption before and now, what is left and why. CSV and JSON have a row for each version, OCSF an event for each change.',
    )
    .requiredOption('--state <dir>', 'the folder of the plan')
    .addOption(
      new Option('--format <format>', 'how it is written')
        .choices(['text', 'csv', 'json', 'ocsf', 'html'] as const)
        .default('text' as const),
    )
    .addHelpText('after', example('sweep report --state ./sweep --format csv > sweep.csv'))
    .addHelpText('after', EXIT_CODES)
    .action(async ({ state, format }) => {
      onExit(await (await import('./sweep-report.ts')).sweepReport(state, format, terminal))
    })
}

function addVerify(sweep: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(sweep, 'verify', 'sweep ')
    .summary('ask S3 again for everything that was done')
    .description(
      'Ask S3 again, with a HEAD each, for every version that was said to be done, and compare; and add up the population of the plan.',
    )
    .requiredOption('--state <dir>', 'the folder of the plan')
    .addOption(rateOption())
    .addHelpText('after', example('sweep verify --state ./sweep'))
    .addHelpText('after', EXIT_CODES)
    .action(async ({ state, rate }) => {
      onExit(await (await import('./sweep-verify.ts')).sweepVerify(state, rate, terminal))
    })
}

function rateOption() {
  return new Option('--rate <rate>', 'requests to S3 a second')
    .default(200, '200/s')
    .argParser(parseRate)
}

function formatOption() {
  return new Option('--format <format>', 'how the result is written')
    .choices(['text', 'json'] as const)
    .default('text' as const)
}
