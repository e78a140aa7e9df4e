import { Command, Option } from '@commander-js/extra-typings'
import { type CommanderError, Help } from 'commander'
import { quirkForms } from '../sandbox/quirks.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import { addCommand, CONFIG, example } from './add-command.ts'
import { addAudit } from './audit-commands.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import {
  addQuirk,
  collect,
  parseAddress,
  parseBindAddress,
  parseBucketName,
  parseDelaySeconds,
  parseHeader,
  parseHttpEndpoint,
  parseImage,
  parseKmsKey,
  parseLoopbackUrl,
  parsePort,
  parseQuantity,
  parseServerUrl,
} from './option-values.ts'
import { addSweep } from './sweep-commands.ts'

/** Called with the exit code by the command that ran. */
type OnExit = (code: ExitCode) => void

/**
 * Builds the command line: every command with its options, help and an example. The code of a
 * command is only loaded when the command runs, so that `--help` and `check` start without the
 * proxy.
 */
export function buildProgram(terminal: Terminal, onExit: OnExit): Command {
  const program = new Command('sealgate')
    .description('An S3 proxy that encrypts every upload with your KMS key.')
    .version(versionText(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', FIRST_STEPS)
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    .configureOutput({
      writeOut: terminal.stdout,
      writeErr: terminal.stderr,
      outputError: (text, write) => write(text.replace(/^error: /, 'sealgate: ')),
    })
    .showHelpAfterError("Run 'sealgate --help' for the usage.")
  addServe(program, terminal, onExit)
  addCheck(program, terminal, onExit)
  addExplain(program, terminal, onExit)
  addTest(program, terminal, onExit)
  addProbe(program, terminal, onExit)
  addInject(program, terminal, onExit)
  addAudit(program, terminal, onExit)
  addSweep(program, terminal, onExit)
  addSandbox(program, terminal, onExit)
  addVersion(program, terminal, onExit)
  return program
}

function versionText(): string {
  return `sealgate ${packageVersion()}`
}

/** Commander's own exits: help and version are successes, everything else is wrong usage. */
export function exitCodeOf({ code }: CommanderError): ExitCode {
  return code === 'commander.helpDisplayed' || code === 'commander.version' ? 0 : 2
}

/** An option's description as commander has it, and whether the command can do without. */
function describeOption(option: Option): string {
  const text = Help.prototype.optionDescription(option)
  return option.mandatory ? `${text} (required)` : text
}

const FIRST_STEPS = `
Examples:
  sealgate serve --config config/sandbox.yaml   try it, with an S3 on this machine
  sealgate check --config sealgate.yaml         what is wrong with a configuration
  sealgate explain --config sealgate.yaml PUT s3://bucket/key

config/ and docs/ of the package have configurations to begin with, and all pages.`

const EXIT_CODES = `
Exit codes: 0 success, 1 failure while running, 2 wrong usage or configuration.`

const EXPLAIN_EXIT_CODES = `
Exit codes: 0 the request is allowed, 3 it is refused, 2 wrong usage or configuration.`

function addServe(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'serve')
    .summary('run the proxy')
    .description('Run the proxy. SIGHUP reloads the configuration, SIGTERM drains and exits.')
    .requiredOption(...CONFIG)
    .addHelpText('after', example('serve --config sealgate.yaml'))
    .action(async ({ config }) => {
      onExit(await (await import('./serve.ts')).serve(config, terminal))
    })
}

function addCheck(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'check')
    .summary('validate a configuration')
    .description(
      'Validate a configuration; print every error with its path. Exits 0 if it is valid, otherwise 1.',
    )
    .argument('[file]', 'the configuration; - for the standard input')
    .option(...CONFIG)
    .option('--no-files', 'read no file that it names, and no environment variable')
    .addHelpText('after', example('check --config sealgate.yaml'))
    .action(async (argument, { config, files }) => {
      const { check } = await import('./check.ts')
      const file = argument ?? config
      if (file === undefined || (argument !== undefined && config !== undefined)) {
        onExit(usageError(terminal, 'name one configuration: sealgate check --config FILE.'))
      } else onExit(await check(file, !files, terminal))
    })
}

function addExplain(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'explain')
    .summary('show what would happen to a request')
    .description(
      'Show what would happen to a request, without sending anything: operation, matching rule, decision, headers set and removed.',
    )
    .argument('<method>', 'GET, PUT, …')
    .argument('<url>', 'a path (/bucket/key), a URL, or s3://bucket/key')
    .requiredOption(...CONFIG)
    .option('--client <name>', 'judge the request as if this client had signed it')
    .option('-H, --header <field>', "a header field, 'name: value'; repeatable", parseHeader)
    .option(
      '--form <file>',
      'the fields of a POST form, one name=value per line; file=NAME is its file',
    )
    .option('--json', 'print JSON', false)
    .option('--no-secrets', 'read no file that the configuration names; verify no signature')
    .addHelpText('after', example('explain --config sealgate.yaml PUT s3://bucket/key'))
    .addHelpText('after', EXPLAIN_EXIT_CODES)
    .action(async (method, url, { config, client, header, form, json, secrets }) => {
      const { explain } = await import('./explain.ts')
      const options = { configFile: config, client, method, url, headers: header ?? [] }
      const more = { formFile: form, isJson: json, withoutSecrets: !secrets }
      onExit(await explain({ ...options, ...more }, terminal))
    })
}

function addTest(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'test')
    .summary('test a policy with a table of requests')
    .description(
      'Judge every request of a table (YAML) and compare the verdicts with the expected ones. Reads no secret and sends nothing.',
    )
    .argument('<file>', 'the table; it names its configuration')
    .addHelpText('after', TEST_EXAMPLE)
    .action(async (file) => {
      onExit(await (await import('./test-policy.ts')).testPolicy(file, terminal))
    })
}

const TEST_EXAMPLE = `
Example:
  sealgate test gateway.test.yaml

  config: gateway.yaml
  tests:
    - name: uploads are under the finance key
      request: { client: billing, method: PUT, url: s3://billing-data/report }
      expect: { decision: allow, rule: finance, encryption: added }

Exit codes: 0 all verdicts are as expected, 1 some are not, 2 the table or its configuration cannot be read.`

function addProbe(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'probe')
    .summary('test a running proxy')
    .description(
      "Sign as a client of the running proxy; write, read and delete a small object and verify that it has the policy's key.",
    )
    .requiredOption(...CONFIG)
    .requiredOption('--bucket <name>', 'the bucket to write to')
    .option('--client <name>', 'the client to sign as (default: the first that may use the bucket)')
    .option(
      '--endpoint <url>',
      'the address of the proxy (default: the first listener of the configuration)',
      parseHttpEndpoint,
    )
    .option('--prefix <prefix>', 'the prefix of the key', '.sealgate-probe/')
    .option('--ca <file>', "PEM file with the CA of the proxy's certificate")
    .addHelpText('after', example('probe --config sealgate.yaml --bucket demo'))
    .action(async ({ config, ...options }) => {
      const { probe } = await import('./probe.ts')
      onExit(await probe({ configFile: config, ...options }, terminal))
    })
}

function addInject(program: Command, terminal: Terminal, onExit: OnExit): void {
  declareInject(program).action(async (options) => {
    onExit(await (await import('./inject.ts')).inject(options, terminal))
  })
}

/** Declares the options of `sealgate inject`, without its action. */
export function declareInject(program: Command) {
  return addCommand(program, 'inject')
    .summary('add the sidecar to Kubernetes pods (admission webhook)')
    .description(
      'Admission webhook (Kubernetes): adds the Sealgate sidecar to pods that have the annotation sealgate/inject: "true", and points AWS_ENDPOINT_URL_S3 of their containers at it.',
    )
    .requiredOption('--cert <file>', 'certificate chain, PEM; reloaded when it changes')
    .requiredOption('--key <file>', 'its private key, PEM')
    .requiredOption('--image <image>', 'image of the sidecar', parseImage)
    .addOption(
      new Option('--address <host:port>', 'the address to listen on; :PORT for all addresses')
        .default({ port: 8443 }, ':8443')
        .argParser(parseBindAddress),
    )
    .option(
      '--drain-delay <seconds>',
      'after SIGTERM, keep answering for this time before closing',
      parseDelaySeconds,
      0,
    )
    .option(
      '--namespace <name>',
      "do not change the pods of this namespace, for example Sealgate's own; repeatable (kube-system, kube-public and kube-node-lease are always excluded)",
      collect,
    )
    .option(
      '--config-map <name>',
      "ConfigMap of the pod's namespace with the key config.yaml; the annotation sealgate/config overrides it",
      'sealgate-sidecar',
    )
    .option(
      '--endpoint <url>',
      'loopback listener of the sidecar',
      parseLoopbackUrl,
      'http://127.0.0.1:8080',
    )
    .option('--admin-port <port>', 'admin listener of the sidecar', parsePort, 9090)
    .option(
      '--gateway-endpoint <url>',
      'the gateway for pods with the annotation sealgate/role: CLIENT, which get no sidecar but an identity token',
      parseServerUrl,
    )
    .option('--sts-endpoint <url>', "the gateway's listener of kind sts", parseServerUrl)
    .option('--token-audience <name>', 'audience of the identity tokens', 'sealgate')
    .option('--cpu-request <quantity>', 'CPU request of the sidecar', parseQuantity, '100m')
    .option('--cpu-limit <quantity>', 'CPU limit of the sidecar', parseQuantity, '1')
    .option('--memory-request <quantity>', 'memory request of the sidecar', parseQuantity, '128Mi')
    .option('--memory-limit <quantity>', 'memory limit of the sidecar', parseQuantity, '256Mi')
    .addHelpText('after', example('inject --cert tls.crt --key tls.key --image sealgate:0.2.0'))
}

function addSandbox(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'sandbox')
    .summary('run only the embedded S3')
    .description('Run only the embedded S3, for tests, until SIGTERM.')
    .addOption(
      new Option('--address <host:port>', 'the address to listen on')
        .default({ host: '127.0.0.1', port: 9000 }, '127.0.0.1:9000')
        .argParser(parseAddress),
    )
    .option('--data <dir>', 'the folder for objects (default: a temporary folder)')
    .option(
      '--bucket <name>',
      'a bucket to create if it is missing; repeatable (default: demo)',
      parseBucketName,
    )
    .option('--region <name>', 'the region (default: us-east-1)')
    .option(
      '--kms-key <arn>',
      'a KMS key; ARN=disabled or ARN=pending-deletion for an unusable one; repeatable (default: one of account 111122223333)',
      parseKmsKey,
    )
    .option(
      '--quirk <name>',
      `a fault or deviation to simulate; repeatable: ${quirkForms().join(', ')}`,
      addQuirk,
    )
    .addHelpText(
      'after',
      example('sandbox --bucket one --bucket two --region eu-central-1 --quirk slowDownEvery=20'),
    )
    .action(async (options) => {
      onExit(await (await import('./sandbox.ts')).sandbox(options, terminal))
    })
}

function addVersion(program: Command, terminal: Terminal, onExit: OnExit): void {
  addCommand(program, 'version')
    .summary('print the version')
    .description('Print the version, as --version does.')
    .addHelpText('after', example('version'))
    .action(() => {
      terminal.stdout(`${versionText()}\n`)
      onExit(0)
    })
}
