import t from 'tap'
import { openCredentials } from '../../src/credentials/open-credentials.ts'
import { instanceMetadata, issue } from './aws-protocols.ts'
import { makeFakeClock } from './fake-clock.ts'
import { type Answer, startStandIn } from './stand-in.ts'
import { withEnvironment } from './with-environment.ts'

t.test('fixed credentials need no fetch', async (t) => {
  const fixed = {
    source: 'static',
    accessKeyId: 'A',
    secretAccessKey: 'S',
    sessionToken: undefined,
  } as const
  const source = openCredentials(fixed, { region: 'us-east-1' })
  t.match(source.current(), { accessKeyId: 'A', secretAccessKey: 'S' })
  source.close()
})

t.test('a source is fetched, renewed ahead of time, and outlives an outage', async (t) => {
  const clock = makeFakeClock()
  let issued = 0
  let fault: Answer | undefined
  const standIn = await startStandIn(
    instanceMetadata(() => {
      if (fault !== undefined) return fault
      issued++
      return issue(issued, new Date(clock.now() + 60_000))
    }),
  )
  t.teardown(() => standIn.close())
  const lines: string[] = []
  const line = (fields: object, text: string) =>
    void lines.push(`${JSON.stringify(fields)} ${text}`)
  await withEnvironment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.origin }, async () => {
    const source = openCredentials(
      { source: 'instance' },
      { region: 'default', clock, random: () => 0, log: { info: line, warn: line, error: line } },
    )
    await source.ready()
    t.match(source.current(), { accessKeyId: issue(1, new Date()).accessKeyId })
    await clock.advance(48_000)
    await until(
      () => issued === 2 && source.current()?.accessKeyId === issue(2, new Date()).accessKeyId,
    )
    fault = { status: 500 }
    await clock.advance(48_000)
    await until(() => source.problem !== undefined)
    t.match(
      source.current(),
      { accessKeyId: issue(2, new Date()).accessKeyId },
      'the old ones serve',
    )
    t.match(source.problem, /instance metadata service/)
    await clock.advance(12_000)
    t.equal(source.current(), undefined, 'until they expire')
    fault = undefined
    // The clock goes no faster than real sockets can follow, or what they bring has expired.
    while (source.current() === undefined) {
      await clock.advance(500)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    t.match(source.current(), { accessKeyId: issue(issued, new Date()).accessKeyId })
    t.ok(issued > 2)
    source.close()
  })
  t.notMatch(lines.join('\n'), /secret\/of|token\/of/)
  t.ok(lines.some((text) => text.includes('"source":"instance"')))
})

/** Waits for what real sockets bring about; the test's own time limit bounds it. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate)
}
