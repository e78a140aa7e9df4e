import { readFileSync } from 'node:fs'
import t from 'tap'
import { USAGE } from '../../src/cli/usage.ts'
import { run } from './fake-terminal.ts'

t.test('the usage is printed where it is asked for', async (t) => {
  for (const name of ['--help', '-h', 'help']) {
    t.strictSame(await run([name]), { code: 0, stdout: USAGE, stderr: '' }, name)
  }
  for (const command of ['serve', 'check', 'explain', 'probe', 'sandbox']) {
    t.strictSame(await run([command, '--help']), { code: 0, stdout: USAGE, stderr: '' }, command)
    t.match(USAGE, new RegExp(`^ {2}sealgate ${command} `, 'm'), 'it is in the usage')
  }
  const inject = await run(['inject', '--help'])
  t.match(inject, { code: 0, stdout: /^Usage: sealgate inject --cert FILE/, stderr: '' })
})

t.test('no line of the usage is wider than a terminal', async (t) => {
  t.strictSame(
    USAGE.split('\n').filter((line) => line.length > 100),
    [],
  )
})

t.test('--version gives the version of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const name of ['--version', '-v']) {
    t.strictSame(await run([name]), { code: 0, stdout: `sealgate ${version}\n`, stderr: '' })
  }
})

t.test('without a command the usage goes to stderr', async (t) => {
  t.strictSame(await run([]), { code: 2, stdout: '', stderr: USAGE })
})

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['server'], /unknown command 'server'/],
  [['__proto__'], /unknown command '__proto__'/],
  [[''], /unknown command ''/],
  [['--verbose'], /unknown command '--verbose'/],
  [['serve'], /serve needs --config FILE/],
  [['serve', '--config'], /serve needs --config FILE/],
  [['serve', '--confg', 'x'], /serve needs --config FILE: Unknown option '--confg'\.\n/],
  [['check'], /check needs --config FILE/],
  [
    ['check', 'sealgate.yaml'],
    /check needs --config FILE: Unexpected argument 'sealgate.yaml'\.\n/,
  ],
  [['check', '--config', 'x', '--port', '1'], /Unknown option '--port'\.\n/],
  [['explain'], /explain needs --config FILE/],
  [['explain', '--config', 'x'], /explain needs METHOD and URL/],
  [['explain', '--config', 'x', 'GET'], /explain needs METHOD and URL/],
  [['explain', '--config', 'x', 'GET', '/a', '/b'], /explain needs METHOD and URL/],
  [['explain', '--config', 'x', 'GET', '/a', '-H', 'nonsense'], /'nonsense' is not 'name: value'/],
  [['explain', '--config', 'x', 'GET', '/a', '-H', ': x'], /': x' is not 'name: value'/],
  [['explain', '--config', 'x', 'GET', '/a', '--frob'], /Unknown option '--frob'\.\n/],
  [['sandbox', '--address', 'nonsense'], /sandbox takes --address HOST:PORT/],
  [['sandbox', '--address', '127.0.0.1:65536000'], /sandbox takes --address HOST:PORT/],
  [['sandbox', '--address', '127.0.0.1:65536'], /127\.0\.0\.1:65536 is no address\.\n/],
  [['sandbox', 'extra'], /sandbox takes --address HOST:PORT .*: Unexpected argument 'extra'\.\n/],
  [['probe', '--frob'], /Unknown option '--frob'\.\n/],
  [['probe'], /probe needs --config FILE/],
  [['probe', '--config', 'x'], /probe needs --bucket BUCKET/],
  [['inject'], /inject: --cert, --key and --image are required/],
]

t.test('wrong usage exits 2, says what is wrong and where help is', async (t) => {
  for (const [args, says] of WRONG) {
    const outcome = await run(args)
    t.equal(outcome.code, 2, args.join(' '))
    t.equal(outcome.stdout, '')
    t.match(outcome.stderr, /^sealgate: /)
    t.match(outcome.stderr, says, args.join(' '))
    t.match(outcome.stderr, "Run 'sealgate --help' for the usage.\n")
  }
})
