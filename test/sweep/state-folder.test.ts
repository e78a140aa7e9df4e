import { once } from 'node:events'
import { existsSync, readFileSync, statSync, utimesSync, watch, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { isLocked, lockState } from '../../src/sweep/state-folder.ts'

function age(file: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds
  utimesSync(file, then, then)
}

t.test('the lock of another machine counts for a minute after it was touched', async (t) => {
  const file = join(t.testdir({}), 'lock')
  // No process of this machine has this id.
  writeFileSync(file, '999999999 1 another-machine\n')
  age(file, 50)
  t.strictSame(lockState(file), {
    ok: false,
    error: 'another sweep (process 999999999 on another-machine) uses this state',
  })
  t.ok(isLocked(file))
  age(file, 61)
  t.notOk(isLocked(file))
  const taken = lockState(file)
  t.ok(taken.ok)
  t.match(readFileSync(file, 'utf8'), ` ${hostname()}\n`)
  if (taken.ok) taken.value.release()
  t.notOk(existsSync(file))
})

t.test('a process of this machine counts by whether it runs', async (t) => {
  const file = join(t.testdir({}), 'lock')
  for (const host of ['', ` ${hostname()}`]) {
    writeFileSync(file, `${process.ppid} ${host}\n`)
    age(file, 3600)
    t.match(lockState(file), { ok: false, error: `(process ${process.ppid})` })
    writeFileSync(file, `999999999 1${host}\n`)
    const taken = lockState(file)
    t.ok(taken.ok)
    if (taken.ok) taken.value.release()
  }
})

t.test('who has the lock touches it', async (t) => {
  const file = join(t.testdir({}), 'lock')
  const taken = lockState(file, 20)
  age(file, 3600)
  const watcher = watch(file)
  while (Date.now() - statSync(file).mtimeMs > 60_000) await once(watcher, 'change')
  watcher.close()
  t.ok(isLocked(file))
  if (taken.ok) taken.value.release()
})

t.test('a lock that another machine has taken over is not touched and not removed', async (t) => {
  const file = join(t.testdir(), 'lock')
  const taken = lockState(file, 20)
  if (!taken.ok) throw new Error(taken.error)
  t.ok(taken.value.isHeld())
  const other = '1 1 another-machine\n'
  writeFileSync(file, other)
  age(file, 50)
  t.notOk(taken.value.isHeld())
  const { mtimeMs } = statSync(file)
  taken.value.release()
  t.equal(readFileSync(file, 'utf8'), other)
  t.equal(statSync(file).mtimeMs, mtimeMs)
})
