import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'

t.test('a reader that has had enough is no failure', async (t) => {
  const program = spawn(process.execPath, ['build/src/main.js', '--help'])
  program.stdout.destroy()
  const [errors, [code]] = await Promise.all([text(program.stderr), once(program, 'exit')])
  t.equal(errors, '')
  t.equal(code, 0)
})
