import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import t from 'tap'
import { startProblem } from '../../src/cli/start-problem.ts'

t.test('a port in use, as the system says it', async (t) => {
  const first = createServer()
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve))
  t.teardown(() => first.close())
  const address = first.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const error = await new Promise((resolve) => {
    createServer().once('error', resolve).listen(address.port, '127.0.0.1')
  })
  t.equal(
    startProblem('--address', error),
    `127.0.0.1:${address.port} is in use by another program. Stop it, or change the address in --address.`,
  )
})

t.test('what is wrong with a path, as the system says it', async (t) => {
  const folder = t.testdir({ file: '' })
  const problemWith = async (path: string, flags = 'r') => {
    const opened = open(path, flags).then((handle) => handle.close())
    return startProblem('c.yaml', await opened.catch((caught: unknown) => caught))
  }
  t.equal(
    await problemWith(`${folder}/a`),
    `${folder}/a does not exist. Check the paths in c.yaml.`,
  )
  t.match(await problemWith(`${folder}/no/a`, 'w'), `${folder}/no/a cannot be opened, because the`)
  t.match(await problemWith(`${folder}/file`, 'wx'), `${folder}/file is there already`)
  t.match(await problemWith(`${folder}/file/a`), 'because a part of it is a file and no folder')
  t.match(await problemWith(folder, 'w'), `${folder} is a folder; a file is needed`)
})

const MADE = [
  ['EADDRNOTAVAIL', { address: '10.9.9.9', port: 80 }, /^10\.9\.9\.9:80 is not an address of this/],
  [
    'EACCES',
    { address: '0.0.0.0', port: 80 },
    /^no permission to bind 0\.0\.0\.0:80: ports below 1024/,
  ],
  ['EACCES', { path: '/x' }, /^no permission to open \/x\. Check its permissions/],
  ['ENOSPC', { path: '/x' }, /^no space left for \/x\./],
  ['EWHATEVER', {}, /^it broke$/],
] as const

for (const [code, details, expected] of MADE) {
  t.test(`${code} ${JSON.stringify(details)}`, async (t) => {
    t.match(
      startProblem('c.yaml', Object.assign(new Error('it broke'), { code, ...details })),
      expected,
    )
  })
}

t.test('what is no error is told as it is', async (t) => {
  t.equal(startProblem('c.yaml', 'odd'), 'odd')
})
