import t from 'tap'
import { requestedAcl } from '../../src/sandbox/acl.ts'
import { readAcl, writeAcl } from '../../src/sandbox/acl-document.ts'
import { OWNER_ID } from '../../src/sandbox/owner.ts'

const OTHER = 'ab'.repeat(32)
const ALL = 'http://acs.amazonaws.com/groups/global/AllUsers'

t.test('headers make an ACL, or none', async (t) => {
  const ofOwner = { grantee: { kind: 'account', id: OWNER_ID }, permission: 'FULL_CONTROL' }
  t.equal(requestedAcl(['x-amz-meta-acl', 'private'], undefined), undefined)
  t.strictSame(requestedAcl(['x-amz-acl', 'private'], undefined), [ofOwner])
  t.strictSame(requestedAcl(['x-amz-acl', 'public-read'], undefined), [
    ofOwner,
    { grantee: { kind: 'group', uri: ALL }, permission: 'READ' },
  ])
  const grants = ['x-amz-grant-read', `id="${OTHER}", uri=${ALL}`, 'x-amz-grant-write-acp', '']
  t.strictSame(requestedAcl(grants, 'ObjectWriter'), [
    { grantee: { kind: 'account', id: OTHER }, permission: 'READ' },
    { grantee: { kind: 'group', uri: ALL }, permission: 'READ' },
  ])
})

t.test('an unknown canned ACL or a malformed grant is refused', async (t) => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['x-amz-acl', 'public'], 'InvalidArgument'],
    [['x-amz-acl', 'constructor'], 'InvalidArgument'],
    [['x-amz-acl', ''], 'InvalidArgument'],
    [['x-amz-grant-read', 'id=me'], 'InvalidArgument'],
    [['x-amz-grant-read', 'uri=http://example.com'], 'InvalidArgument'],
    [['x-amz-grant-read', OTHER], 'InvalidArgument'],
    [['x-amz-grant-read', 'emailAddress="a@example.com"'], 'MethodNotAllowed'],
    [['x-amz-acl', 'private', 'x-amz-grant-read', `id=${OTHER}`], 'InvalidRequest'],
  ]
  for (const [headers, code] of cases) {
    t.throws(() => requestedAcl(headers, undefined), { code }, headers.join())
  }
})

t.test('with ACLs switched off only bucket-owner-full-control is taken', async (t) => {
  const ask = (name: string) => requestedAcl(['x-amz-acl', name], 'BucketOwnerEnforced')
  t.equal(ask('bucket-owner-full-control')?.length, 1)
  for (const name of ['private', 'public-read']) {
    t.throws(() => ask(name), { code: 'AccessControlListNotSupported', status: 400 }, name)
  }
  t.equal(requestedAcl([], 'BucketOwnerEnforced'), undefined)
})

t.test('a document that was written can be read', async (t) => {
  const acl = requestedAcl(
    ['x-amz-grant-full-control', `id=${OWNER_ID}`, 'x-amz-grant-read', `id=${OTHER},uri=${ALL}`],
    undefined,
  )
  t.strictSame(readAcl(writeAcl(acl ?? [])), acl)
  t.match(writeAcl(acl ?? []), /<Grantee xmlns:xsi="[^"]+" xsi:type="Group"><URI>/)
})

t.test('a document that is not an ACL is refused', async (t) => {
  const wrap = (grants: string, owner = OWNER_ID) =>
    `<AccessControlPolicy><Owner><ID>${owner}</ID></Owner><AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`
  const grant = (grantee: string, permission = 'READ') =>
    `<Grant><Grantee>${grantee}</Grantee><Permission>${permission}</Permission></Grant>`
  const cases: readonly (readonly [string, string])[] = [
    ['<AccessControlPolicy/>', 'MalformedACLError'],
    ['<Tagging/>', 'MalformedXML'],
    [wrap(grant('<ID/>', 'ALL')), 'MalformedACLError'],
    [wrap('<Grant><Permission>READ</Permission></Grant>'), 'MalformedACLError'],
    [wrap(grant('')), 'MalformedACLError'],
    [wrap(grant('<ID>me</ID>')), 'InvalidArgument'],
    [wrap(grant('<URI>http://example.com</URI>')), 'InvalidArgument'],
    [wrap(grant('<EmailAddress>a@example.com</EmailAddress>')), 'MethodNotAllowed'],
    [wrap('', OTHER), 'AccessDenied'],
  ]
  for (const [document, code] of cases) t.throws(() => readAcl(document), { code }, document)
})
