import t from 'tap'
import { isPublicAcl, isPublicAclDocument, isPublicGrant } from '../../src/s3/acl.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const LOGS = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
const ID = '0123456789abcdef'.repeat(4)

t.test('a canned ACL is public unless it is known to be limited', async (t) => {
  for (const name of ['private', 'bucket-owner-read', 'bucket-owner-full-control']) {
    t.equal(isPublicAcl(name), false, name)
  }
  t.equal(isPublicAcl('aws-exec-read'), false, 'Amazon EC2')
  t.equal(isPublicAcl('log-delivery-write'), false)
  for (const name of [
    'public-read',
    'public-read-write',
    'authenticated-read',
    'PRIVATE',
    'Private',
    'private, public-read',
    'public-read-new',
    '',
  ]) {
    t.equal(isPublicAcl(name), true, name)
  }
})

const GRANTS: readonly (readonly [value: string, isPublic: boolean])[] = [
  ['', false],
  [`id="${ID}"`, false],
  [`id=${ID}`, false],
  [`id="${ID}", emailAddress="a@example.com"`, false],
  [`uri="${LOGS}"`, false],
  [`uri="${ALL_USERS}"`, true],
  [`uri=${ALL_USERS}`, true],
  [`id="${ID}",uri="${ALL_USERS}"`, true],
  ['uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"', true],
  ['uri="https://acs.amazonaws.com/groups/global/AllUsers"', true],
  ['uri="HTTP://ACS.AMAZONAWS.COM/groups/global/AllUsers/"', true],
  ['uri="http://acs.amazonaws.com/groups/global/Later"', true],
  [`URI="${LOGS}"`, true],
  [`group="${ALL_USERS}"`, true],
  [`id="${ID}"; uri="${ALL_USERS}"`, true],
  [`id="${ID}" uri="${ALL_USERS}"`, true],
  [`id="${ID}\nuri=x"`, false],
  ['id="65a011a29cdf8ec533ec3d1ccaae921c"', true],
  ['id="anonymous"', true],
  ['id', true],
  [',', true],
]

for (const [value, isPublic] of GRANTS) {
  t.test(`a grant to ${value}: ${isPublic ? 'public' : 'limited'}`, async (t) => {
    t.equal(isPublicGrant(value), isPublic)
  })
}

function documentOf(grantee: string, attributes = ' xsi:type="Group"'): string {
  const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
  return `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>${ID}</ID></Owner><AccessControlList><Grant><Grantee ${xsi}${attributes}>${grantee}</Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
}

function verdict(text: string): string {
  const read = isPublicAclDocument(text)
  if (!read.ok) return read.error.reason
  return read.value ? 'public' : 'limited'
}

const OWN = documentOf(`<ID>${ID}</ID>`, ' xsi:type="CanonicalUser"')
const EVERYONE = documentOf(`<URI>${ALL_USERS}</URI>`)

const DOCUMENTS: readonly (readonly [text: string, expected: string])[] = [
  [OWN, 'limited'],
  [`<?xml version="1.0" encoding="UTF-8"?>\n${OWN}`, 'limited'],
  ['<AccessControlPolicy/>', 'limited'],
  ['<AccessControlPolicy><AccessControlList/></AccessControlPolicy>', 'limited'],
  [documentOf(`<URI>${LOGS}</URI>`), 'limited'],
  [documentOf('<EmailAddress>a@example.com</EmailAddress>'), 'limited'],
  [EVERYONE, 'public'],
  [documentOf(`<URI>${ALL_USERS.replace('A', '&#65;')}</URI>`), 'public'],
  [documentOf(`\n<x:URI xmlns:x="urn:x">\n${ALL_USERS}\n</x:URI>`), 'public'],
  [documentOf('<URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>'), 'public'],
  [documentOf('<URI></URI>'), 'public'],
  [documentOf('<ID>65a011a29cdf8ec533ec3d1ccaae921c</ID>'), 'public'],
  // Other parsers could find a group in these.
  [documentOf(`<ID>${ID}</ID><URI>${ALL_USERS}</URI>`), 'xml-malformed'],
  [documentOf(`<URI>${LOGS}</URI><URI>${ALL_USERS}</URI>`), 'xml-malformed'],
  [documentOf(`<uri>${ALL_USERS}</uri>`), 'xml-malformed'],
  [documentOf(`<ID>${ID}<URI>${ALL_USERS}</URI></ID>`), 'xml-malformed'],
  [documentOf(`<ID>${ID}</ID><!-- <URI>${ALL_USERS}</URI> -->`), 'xml-malformed'],
  [documentOf(`<URI><![CDATA[${LOGS}]]></URI>`), 'xml-malformed'],
  [documentOf(`<ID a=">${ID}</ID><ID b=">${ID}</ID>`), 'xml-malformed'],
  [documentOf(`<ID a="</ID><URI>${ALL_USERS}</URI>">${ID}</ID>`), 'xml-malformed'],
  [documentOf(`<ID>&all;</ID>`), 'xml-malformed'],
  [documentOf(''), 'xml-malformed'],
  [OWN.replace('</Grant>', `</Grant><Grants><URI>${ALL_USERS}</URI></Grants>`), 'xml-malformed'],
  [OWN.replace('<AccessControlList>', '<AccessControlList/><AccessControlList>'), 'xml-malformed'],
  [OWN.replaceAll('AccessControlPolicy', 'Policy'), 'xml-malformed'],
  [`<!DOCTYPE a [<!ENTITY all "${ALL_USERS}">]>${OWN}`, 'xml-malformed'],
  [OWN.replace(ID, '\ufffd'), 'xml-malformed'],
  [`${OWN}${EVERYONE}`, 'xml-malformed'],
  ['', 'xml-malformed'],
  ['{}', 'xml-malformed'],
  [OWN.replace('<Owner>', `${' '.repeat(65_536)}<Owner>`), 'xml-too-large'],
]

for (const [text, expected] of DOCUMENTS) {
  t.test(`${text.slice(0, 400)}: ${expected}`, async (t) => {
    t.equal(verdict(text), expected)
  })
}

t.test('a hundred grants are within the limits', async (t) => {
  const grant = /<Grant>.*<\/Grant>/.exec(OWN)?.[0] ?? ''
  t.equal(verdict(OWN.replace(grant, grant.repeat(100))), 'limited')
})
