import t from 'tap'
import { buildEncryptionContext } from '../../src/policy/encryption-context.ts'

const VALUES = { client: 'app', bucket: 'b', key: 'dir/ü "quoted"' }

function decoded(context: Readonly<Record<string, string>>, values = VALUES): string {
  return Buffer.from(buildEncryptionContext(context, values), 'base64').toString('utf8')
}

const TABLE: readonly (readonly [context: Readonly<Record<string, string>>, json: string])[] = [
  [{}, '{}'],
  [{ b: '2', a: '1' }, '{"a":"1","b":"2"}'],
  [{ a: '{client}' }, '{"a":"app"}'],
  [{ a: '{bucket}/{key}' }, '{"a":"b/dir/ü \\"quoted\\""}'],
  [{ a: '{client}{client}' }, '{"a":"appapp"}'],
  [{ a: '{other} {Client} { client }' }, '{"a":"{other} {Client} { client }"}'],
  [{ '{client}': 'x' }, '{"{client}":"x"}'],
  [{ a: '' }, '{"a":""}'],
]

for (const [context, json] of TABLE) {
  t.test(`${JSON.stringify(context)} gives ${json}`, async (t) => {
    t.equal(decoded(context), json)
  })
}

t.test('one context has one spelling, however its keys are ordered', async (t) => {
  t.equal(
    buildEncryptionContext({ z: '1', a: '2', Z: '3' }, VALUES),
    buildEncryptionContext({ a: '2', Z: '3', z: '1' }, VALUES),
  )
  t.equal(decoded({ z: '1', a: '2', Z: '3' }), '{"Z":"3","a":"2","z":"1"}', 'by code unit')
})

t.test('what comes in is not looked at again', async (t) => {
  const values = { client: '{bucket}', bucket: '{key}', key: '$& $1 {client}' }
  t.equal(
    decoded({ a: '{client} {bucket} {key}' }, values),
    '{"a":"{bucket} {key} $& $1 {client}"}',
  )
})

t.test('a name of Object.prototype is a name like others', async (t) => {
  const context = JSON.parse('{"__proto__":"x","constructor":"y"}')
  t.equal(decoded(context), '{"__proto__":"x","constructor":"y"}')
})

t.test('it is base64 with padding, in one line', async (t) => {
  const text = buildEncryptionContext({ a: 'x'.repeat(1000) }, VALUES)
  t.match(text, /^[A-Za-z0-9+/]+={0,2}$/)
  t.equal(text.length % 4, 0)
})
