import t from 'tap'
import { checkVersionId, newVersionId, sequenceOf } from '../../src/sandbox/version-id.ts'

t.test("ids have the form of S3's and tell their place", async (t) => {
  const ids = [1, 35, 36, 2 ** 40].map(newVersionId)
  for (const id of ids) t.match(id, /^[A-Za-z0-9._]{32}$/)
  t.strictSame(ids.map(sequenceOf), [1, 35, 36, 2 ** 40])
  t.strictSame(ids.toSorted(), ids)
  t.not(newVersionId(7), newVersionId(7))
  for (const other of ['null', '', 'a'.repeat(31), `A${'a'.repeat(31)}`]) {
    t.equal(sequenceOf(other), undefined, other)
  }
})

t.test('what has not the form of an id is refused', async (t) => {
  for (const id of ['null', newVersionId(1), '3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH']) {
    t.doesNotThrow(() => checkVersionId(id), id)
  }
  for (const id of ['', 'abc', 'a'.repeat(33), `${'a'.repeat(31)}-`, 'NULL']) {
    t.throws(() => checkVersionId(id), { code: 'InvalidArgument' }, id)
  }
})
