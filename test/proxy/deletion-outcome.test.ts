import t from 'tap'
import { readOutcome } from '../../src/proxy/deletion-outcome.ts'

const list = (objects: string) => Buffer.from(`<Delete>${objects}</Delete>`)
const answer = (entries: string) => Buffer.from(`<DeleteResult>${entries}</DeleteResult>`)

t.test('the failure of one object hides no deletion of another', async (t) => {
  const asked = list(
    '<Object><Key>b c</Key><VersionId>a</VersionId></Object>' +
      '<Object><Key>c</Key><VersionId>a b</VersionId></Object>',
  )
  const said = answer(
    '<Deleted><Key>b c</Key><VersionId>a</VersionId></Deleted>' +
      '<Error><Key>c</Key><VersionId>a b</VersionId><Code>NoSuchVersion</Code></Error>',
  )
  t.strictSame(readOutcome(asked, said, undefined).keys, [
    { key: 'b c', versionId: 'a', result: 'deleted', errorCode: undefined },
    { key: 'c', versionId: 'a b', result: 'failed', errorCode: 'NoSuchVersion' },
  ])
})

t.test('a key has the line ends that S3 reads, and keeps those that are escaped', async (t) => {
  const asked = list(
    '<Object><Key>a\r\nb</Key></Object><Object><Key>a\rc</Key></Object><Object><Key>a&#13;d</Key></Object>',
  )
  const keys = readOutcome(asked, answer(''), undefined).keys ?? []
  t.strictSame(
    keys.map(({ key }) => key),
    ['a\nb', 'a\nc', 'a\rd'],
  )
})
