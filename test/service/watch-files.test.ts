import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { watchFiles } from '../../src/service/watch-files.ts'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-watch-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Begins to watch, makes the change, and waits for the call. */
async function called(t: Test, paths: readonly string[], change: () => void): Promise<void> {
  let call: () => void = () => undefined
  const changed = new Promise<void>((resolve) => {
    call = resolve
  })
  const watch = watchFiles(paths, call)
  t.teardown(() => watch.close())
  change()
  // The watch itself does not keep the process alive.
  const alive = setInterval(() => undefined, 1000)
  await changed
  clearInterval(alive)
  t.pass('called')
}

t.test('a file that is written', async (t) => {
  const file = join(folderOf(t), 'a')
  writeFileSync(file, '1')
  await called(t, [file], () => writeFileSync(file, '2'))
})

t.test('a file that is renamed over', async (t) => {
  const folder = folderOf(t)
  const file = join(folder, 'a')
  writeFileSync(file, '1')
  writeFileSync(join(folder, 'b'), '2')
  await called(t, [file], () => renameSync(join(folder, 'b'), file))
})

t.test('a file that comes to be', async (t) => {
  const file = join(folderOf(t), 'a')
  await called(t, [file], () => writeFileSync(file, '1'))
})

t.test("a change of a link's target is seen", async (t) => {
  const [here, there] = [folderOf(t), folderOf(t)]
  writeFileSync(join(there, 'target'), '1')
  symlinkSync(join(there, 'target'), join(here, 'link'))
  await called(t, [join(here, 'link')], () => writeFileSync(join(there, 'target'), '2'))
})

t.test('a Secret that kubelet renews is seen', async (t) => {
  const folder = folderOf(t)
  const { certFile, keyFile } = mountCertificate(folder, makeCertificate({ serialNumber: '01' }))
  await called(t, [certFile, keyFile], () =>
    mountCertificate(folder, makeCertificate({ serialNumber: '02' })),
  )
})

t.test('a folder that is not there is looked at all the same, from time to time', async (t) => {
  let looks = 0
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 1000)
    const watch = watchFiles(
      ['/nonexistent/folder/a'],
      () => {
        looks++
        watch.close()
        clearInterval(alive)
        resolve()
      },
      5,
    )
  })
  t.equal(looks, 1)
})

t.test('other files in the folder do not count, and many changes are one call', async (t) => {
  const folder = folderOf(t)
  const [file, other] = [join(folder, 'a'), join(folder, 'audit.jsonl')]
  writeFileSync(file, '0')
  let calls = 0
  await called(t, [file], () => {
    const watch = watchFiles([join(folder, 'never')], () => calls++)
    t.teardown(() => watch.close())
    for (let i = 0; i < 50; i++) writeFileSync(other, String(i))
    for (let i = 0; i < 50; i++) writeFileSync(file, String(i))
  })
  t.equal(calls, 0, 'the watch for another name was told nothing')
})
