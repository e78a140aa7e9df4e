import { readFileSync } from 'node:fs'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import t from 'tap'
import { buildProgram } from '../../src/cli/program.ts'
import { run } from './fake-terminal.ts'

const COMMANDS = ['serve', 'check', 'explain', 'probe', 'inject', 'sandbox'] as const

t.test('--help names every command and the exit codes', async (t) => {
  const { code, stdout, stderr } = await run(['--help'])
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  for (const command of COMMANDS) t.match(stdout, new RegExp(`^ {2}${command} `, 'm'))
  t.match(stdout, 'Exit codes:')
  for (const name of ['-h', 'help']) t.equal((await run([name])).stdout, stdout, name)
})

t.test('each command has its own help with an example', async (t) => {
  for (const command of COMMANDS) {
    const { code, stdout, stderr } = await run([command, '--help'])
    t.strictSame({ code, stderr }, { code: 0, stderr: '' }, command)
    t.match(stdout, `Usage: sealgate ${command} `)
    t.match(stdout, new RegExp(`^Example:\n {2}sealgate ${command}`, 'm'))
    t.equal((await run(['help', command])).stdout, stdout)
    t.strictSame(
      stdout.split('\n').filter((line) => line.length > 100),
      [],
      'no line is wider than a terminal',
    )
  }
})

t.test('--version prints the version of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const name of ['--version', '-v', 'version']) {
    t.strictSame(await run([name]), { code: 0, stdout: `sealgate ${version}\n`, stderr: '' })
  }
})

t.test('without a command the help goes to stderr', async (t) => {
  t.match(await run([]), { code: 2, stdout: '', stderr: /^Usage: sealgate / })
})

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const PROBE = ['probe', '--config', 'x', '--bucket', 'b'] as const
const INJECT = ['inject', '--cert', 'a', '--key', 'b', '--image', 'i'] as const

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['serv'], /unknown command 'serv'\n\(Did you mean serve\?\)/],
  [['__proto__'], /unknown command '__proto__'/],
  [[''], /unknown command ''/],
  [['help', 'nope'], /no command 'nope'/],
  [['help', 'audit', 'nope'], /no command 'nope'/],
  [['--verbose'], /unknown option '--verbose'/],
  [['serve'], /required option '-c, --config <file>' not specified/],
  [['serve', '--config'], /option '-c, --config <file>' argument missing/],
  [['serve', '-c', 'x', '--confg', 'x'], /unknown option '--confg'\n\(Did you mean --config\?\)/],
  [['check'], /name one configuration: sealgate check --config FILE/],
  [['check', '-c', 'x', 'sealgate.yaml'], /name one configuration/],
  [['check', '--config', 'x', '--port', '1'], /unknown option '--port'/],
  [['explain', 'GET', '/a'], /required option '-c, --config <file>'/],
  [['explain', '--config', 'x'], /missing required argument 'method'/],
  [['explain', '--config', 'x', 'GET'], /missing required argument 'url'/],
  [['explain', '--config', 'x', 'GET', '/a', '/b'], /too many arguments for 'explain'/],
  [['explain', '--config', 'x', 'GET', '/a', '-H', 'nonsense'], /'nonsense' is not 'name: value'/],
  [['explain', '--config', 'x', 'GET', '/a', '-H', ': x'], /': x' is not 'name: value'/],
  [['sandbox', '--address', 'nonsense'], /'nonsense' is not HOST:PORT/],
  [['sandbox', '--address', '127.0.0.1:65536000'], /is not HOST:PORT/],
  [['sandbox', '--address', '127.0.0.1:65536'], /is not HOST:PORT/],
  [['sandbox', '--address', ':9000'], /is not HOST:PORT/],
  [['sandbox', '--bucket', 'No'], /'No' is not a valid bucket name/],
  [['sandbox', '--kms-key', 'alias/a'], /'alias\/a' is not the ARN of a KMS key/],
  [['sandbox', '--kms-key', `${KEY}=lost`], /=lost' is not the ARN/],
  [['sandbox', '--kms-key', KEY], /is not a key of the region us-east-1/],
  [['sandbox', '--quirk', 'silent'], /'silent' is none of: silentCopy/],
  [['sandbox', '--quirk', 'slowDown'], /'slowDown' is none of: .* slowDown=N/],
  [['sandbox', '--quirk', 'silentPut=1'], /'silentPut=1' is none of/],
  [['sandbox', '--quirk', '__proto__'], /is none of/],
  [['sandbox', 'extra'], /too many arguments for 'sandbox'/],
  [[...PROBE, '--frob'], /unknown option '--frob'/],
  [['probe', '--bucket', 'b'], /required option '-c, --config <file>'/],
  [['probe', '--config', 'x'], /required option '--bucket <name>'/],
  [[...PROBE, '--endpoint', 'localhost:8080'], /'localhost:8080' is not http:\/\/HOST/],
  [['inject'], /required option '--cert <file>'/],
  [['inject', '--cert', 'a', '--key', 'b', '--image', 'Not An Image'], /not a valid image name/],
  [[...INJECT, '--nonsense'], /unknown option '--nonsense'/],
  [[...INJECT, 'positional'], /too many arguments/],
  [[...INJECT, '--address', '8443'], /'8443' is not HOST:PORT/],
  [[...INJECT, '--drain-delay', '10s'], /'10s' is not a number of seconds/],
  [[...INJECT, '--admin-port', '0'], /'0' is not a port/],
  [[...INJECT, '--endpoint', 'http://10.0.0.1:8080'], /is not http:\/\/127\.0\.0\.1:PORT/],
  [[...INJECT, '--memory-limit', '1 GB'], /is not a Kubernetes quantity/],
]

t.test('wrong usage exits 2, says what is wrong and where help is', async (t) => {
  for (const [args, says] of WRONG) {
    const outcome = await run(args)
    t.equal(outcome.code, 2, args.join(' '))
    t.equal(outcome.stdout, '')
    t.match(outcome.stderr, /^sealgate: /)
    t.match(outcome.stderr, says, args.join(' '))
    t.match(outcome.stderr, /Run 'sealgate (?:[a-z]+ )?--help' for the usage\.\n/)
  }
})

/** Every command of the program, with those below `audit` and `sweep`. */
function allCommands(
  command: CommandUnknownOpts,
  path: readonly string[] = [],
): readonly string[][] {
  const below = command.commands.filter((one) => one.name() !== 'help')
  return [[...path], ...below.flatMap((one) => [...allCommands(one, [...path, one.name()])])]
}

const NOWHERE = { stdout: () => undefined, stderr: () => undefined, env: {} }

t.test('every help says what is required, and has defaults as they are typed', async (t) => {
  const commands = allCommands(buildProgram(NOWHERE, () => undefined))
  t.ok(commands.length > 20)
  for (const path of commands) {
    const { code, stdout } = await run([...path, '--help'])
    t.equal(code, 0, path.join(' '))
    t.notMatch(stdout, /default:\s+(?:\{|\d{5,}|\[object)/, path.join(' '))
  }
  const { stdout } = await run(['serve', '--help'])
  t.match(stdout, /--config <file> +the configuration \(YAML\) \(required\)/)
  t.notMatch((await run(['check', '--help'])).stdout, 'required')
})

t.test('the help of the program has examples that the program takes', async (t) => {
  const { stdout } = await run(['--help'])
  const examples = [...stdout.matchAll(/^ {2}sealgate (\w+) (.*?)(?: {2,}.*)?$/gm)]
  t.ok(examples.length >= 3)
  for (const [, command = '', rest = ''] of examples) {
    const program = buildProgram(NOWHERE, () => undefined)
    const found = program.commands.find((one) => one.name() === command)
    t.strictSame(found?.parseOptions(rest.split(' ')).unknown, [], command)
  }
})
