import t from 'tap'
import { verifierKeyOf } from '../support/make-trail.ts'
import { Program } from '../support/program.ts'
import { reportTrail } from '../support/report-trail.ts'
import { run } from './fake-terminal.ts'

t.test('the page is served until SIGTERM', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const args = ['audit', 'serve', directory, '--listen', '127.0.0.1:0', '--vkey', verifierKeyOf()]
  const program = Program.sealgate(args)
  t.teardown(() => program.close())
  const [url = ''] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+\//)
  t.match(await (await fetch(url)).text(), 'VERIFIED, WITH GAPS')
  t.equal(await program.stop(), 0)
})

t.test('wrong usage', async (t) => {
  const directory = t.testdir()
  t.match(await run(['audit', 'serve', `${directory}/none`]), {
    code: 2,
    stdout: '',
    stderr: `${directory}/none does not exist`,
  })
  for (const args of [
    ['--listen', '9091'],
    ['--vkey', 'x'],
    ['--listen', '192.0.2.1:1'],
  ]) {
    t.equal((await run(['audit', 'serve', directory, ...args])).code, 2, args.join(' '))
  }
})
