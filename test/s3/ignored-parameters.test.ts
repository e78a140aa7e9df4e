import t from 'tap'
import { ignoresKnown, ignoresUnknown } from '../../src/s3/ignored-parameters.ts'
import { OPERATIONS } from '../../src/s3/operation.ts'

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

/** The methods on which a parameter is left out. */
function unknownOn(name: string, value: string): readonly string[] {
  return METHODS.filter((method) => ignoresUnknown(method, { name, value }))
}

t.test('names of which S3 takes no notice anywhere', async (t) => {
  const names = ['x-', 'x-user', 'X-User', 'x-amz', 'utm_source', 'UTM_x']
  for (const name of names) {
    for (const value of ['', '1']) t.strictSame(unknownOn(name, value), METHODS, name)
  }
  for (const name of ['Content-Type', 'content-md5', 'CACHE-CONTROL', 'Expires']) {
    t.strictSame(unknownOn(name, ''), METHODS, name)
  }
})

t.test('other names are left out on reads, with a value', async (t) => {
  for (const name of ['v', '_', 'Version', 'x_', 'customer_id', 'content-length', ';']) {
    t.strictSame(unknownOn(name, '1'), ['GET', 'HEAD'], name)
    t.strictSame(unknownOn(name, ''), [], name)
  }
})

t.test('headers by intent, other signatures and known names in other case never', async (t) => {
  const known = OPERATIONS.flatMap((o) => [...o.query.map(({ name }) => name), ...o.requiredQuery])
  const names = ['x-amz-', 'X-AMZ-acl', 'AWSAccessKeyId', 'signature', 'Signature', 'VERSIONID']
  for (const name of [...names, ...known.map((name) => name.toUpperCase())]) {
    t.strictSame(unknownOn(name, '1'), [], name)
  }
})

t.test('what selects an operation or a version is never left out', async (t) => {
  const selecting = OPERATIONS.flatMap((o) => [
    ...o.query.map(({ name }) => name),
    ...o.requiredQuery,
  ])
  for (const name of [...selecting, 'versionId']) {
    for (const method of METHODS) t.notOk(ignoresKnown(method, name), `${method} ${name}`)
  }
  for (const name of ['marker', 'prefix', 'max-keys', 'start-after', 'encoding-type']) {
    t.strictSame(
      METHODS.filter((method) => ignoresKnown(method, name)),
      ['GET', 'HEAD'],
      name,
    )
  }
  t.strictSame(
    METHODS.filter((method) => ignoresKnown(method, 'response-expires')),
    METHODS,
  )
})
