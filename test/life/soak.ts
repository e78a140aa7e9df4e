/**
 * A soak, run by hand: `node build/test/life/soak.js [SECONDS] [WORKERS]`. A reload every second under
 * load, a worker killed every ten seconds where there are several, and at the end a drain. Ends with 1
 * where a request was lost that no killed worker explains.
 */

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { openScene, yamlFor } from '../support/program-scene.ts'
import { KEY, OTHER_KEY } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { Load } from './load.ts'

const LOOPS = 8
const DIED = 'a worker died and is being replaced'

const [seconds = 60, workers = 2] = process.argv.slice(2).map(Number)
const scene = await openScene()
const yaml = (keyId: string) =>
  yamlFor({
    upstreamPort: scene.sandbox.port,
    keyId,
    more: `workers: ${workers}\ndrain: { delay: 1s }`,
  })
const sealgate = await SealgateProcess.start(scene.folder, yaml(KEY))
const load = new Load(sealgate.port, { loops: LOOPS, stopsAtClose: true })
let kills = 0
const wholeAfterMs: number[] = []
for (let second = 1; second <= seconds; second++) {
  await sealgate.configure(yaml(second % 2 === 0 ? KEY : OTHER_KEY))
  sealgate.signal('SIGHUP')
  if (workers > 1 && second % 10 === 5) {
    const start = performance.now()
    await killOne()
    kills++
    await sealgate.logged('a worker serves', kills)
    wholeAfterMs.push(Math.round(performance.now() - start))
  }
  await sleep(1000)
}
const reloads = sealgate.lines('reloaded').length
sealgate.signal('SIGTERM')
const { answers, refusals, lost } = await load.ended()
const { code } = await sealgate.end
await scene.close()

const unexplained = lost.length > kills * LOOPS || (kills === 0 && lost.length > 0)
const isGood = !unexplained && refusals.length === 0 && code === 0
const report = { seconds, workers, answers, reloads, kills, wholeAfterMs, lost, refusals, code }
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
process.exitCode = isGood ? 0 : 1

async function killOne(): Promise<void> {
  const text = await readFile(`/proc/${sealgate.pid}/task/${sealgate.pid}/children`, 'utf8')
  const [first] = text.trim().split(' ')
  const before = sealgate.lines(DIED).length
  process.kill(Number(first), 'SIGKILL')
  await sealgate.logged(DIED, before + 1)
}
