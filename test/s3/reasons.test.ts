import { readFileSync } from 'node:fs'
import t from 'tap'
import { EGRESS_REASONS, S3_REASONS, UPSTREAM_REASONS } from '../../src/s3/reasons.ts'
import { REASONS_PAGE, withReasons } from './reasons-page.ts'

const PAGE = readFileSync(REASONS_PAGE, 'utf8')

t.test('the page of refusals is the one that the reasons give: npm run reasons', async (t) => {
  t.equal(withReasons(PAGE), PAGE)
})

t.test('every reason on the way to S3 is on the page', async (t) => {
  t.strictSame(
    UPSTREAM_REASONS.filter((reason) => !PAGE.includes(`\`${reason}\``)),
    [],
  )
})

t.test('a reason stands in one row', async (t) => {
  const words = [...S3_REASONS, ...EGRESS_REASONS].flatMap(({ reasons }) => [...reasons])
  t.strictSame([...new Set([...words, ...UPSTREAM_REASONS])], [...words, ...UPSTREAM_REASONS])
})
