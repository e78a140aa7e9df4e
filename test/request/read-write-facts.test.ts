import t from 'tap'
import type { FormContent } from '../../src/request/read-request.ts'
import { readWriteFacts } from '../../src/request/read-write-facts.ts'

const plan = { kind: 'form', boundary: 'x', bytes: 1 } as const

function formOf(...fields: readonly (readonly [string, string])[]): FormContent {
  return {
    fields: fields.map(([name, value]) => ({ name, key: name.toLowerCase(), value })),
    authentication: undefined,
    fileContentType: undefined,
    plan,
  }
}

t.test('headers say what is written, each of them', async (t) => {
  const headers = [
    ...['x-amz-acl', 'private', 'x-amz-acl', ' public-read '],
    ...['x-amz-grant-read', 'a', 'x-amz-grant-later', 'b'],
    ...['x-amz-storage-class', 'GLACIER', 'acl', 'public-read'],
  ]
  t.match(readWriteFacts({ headers, form: undefined }), {
    acls: ['private', 'public-read'],
    grants: ['a', 'b'],
    storageClasses: ['GLACIER'],
  })
})

t.test('the fields of a form say it instead of its head', async (t) => {
  const headers = ['x-amz-acl', 'private', 'x-amz-storage-class', 'GLACIER']
  const form = formOf(['ACL', 'public-read'], ['x-amz-acl', 'private'], ['X-Amz-Grant-Read', 'a'])
  t.match(readWriteFacts({ headers, form }), {
    acls: ['public-read', 'private'],
    grants: ['a'],
    storageClasses: [],
  })
})
