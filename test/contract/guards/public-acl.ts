import type { Field } from '../../support/signer.ts'
import { xmlText, xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'
import {
  answered,
  askServer,
  inOwnBucket,
  refusedCases,
  SEALED,
  verdict,
  write,
} from './guarded-write.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const REFUSED = '403 AccessDenied public-acl'
const PUBLIC: Field = ['x-amz-acl', 'public-read']

/** Who may do what, as the server itself says, and whether a request without a signature gets the object. */
async function access(run: Run) {
  const acl = await askServer(run, 'GET', 'acl')
  const anonymous = await run.target.upstream.sendBare('GET', run.path())
  return { permissions: xmlTexts(acl.body, 'Permission'), anonymous: statusOf(anonymous) }
}

const PRIVATE = { permissions: ['FULL_CONTROL'], anonymous: '403 AccessDenied' }

/** The document that gives everybody what an object has. */
async function publicDocument(run: Run): Promise<string> {
  const owner = xmlText((await askServer(run, 'GET', 'acl')).body, 'ID') ?? ''
  return `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>${owner}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>${ALL_USERS}</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
}

/** `publicAcl: refuse`. */
export const PUBLIC_ACL: readonly ContractCase[] = [
  ...refusedCases({
    id: 'guard-acl-canned',
    says: 'a canned ACL that gives everybody access is refused',
    fields: [PUBLIC],
    formFields: [['acl', 'public-read']],
    answer: REFUSED,
  }),
  ...refusedCases(
    {
      id: 'guard-acl-grant',
      says: 'a grant to everybody is refused',
      fields: [['x-amz-grant-read', `uri="${ALL_USERS}"`]],
      answer: REFUSED,
    },
    ['put', 'copy', 'create'],
  ),
  {
    id: 'guard-acl-owner',
    says: 'an ACL for the owner passes, and nobody else can read the object',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const fields: readonly Field[] = [['x-amz-acl', 'bucket-owner-full-control']]
      const answer = await write(run, 'put', { fields })
      return { ...(await answered(run, answer)), ...(await access(run)) }
    },
    aws: { ...SEALED, ...PRIVATE },
  },
  {
    id: 'guard-acl-change',
    says: 'an ACL for everybody, canned or as a document, does not change an object',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      await run.ask('PUT', { body: 'content' })
      const target = run.path(run.key, 'acl')
      const body = await publicDocument(run)
      return {
        canned: verdict(await run.ask('PUT', { target, fields: [PUBLIC] })),
        document: verdict(await run.ask('PUT', { target, body })),
        ...(await access(run)),
      }
    },
    aws: { canned: REFUSED, document: REFUSED, ...PRIVATE },
  },
  {
    id: 'guard-acl-same',
    says: "the server's own document of a private object is taken back",
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      await run.ask('PUT', { body: 'content' })
      const { body } = await askServer(run, 'GET', 'acl')
      const answer = await run.ask('PUT', { target: run.path(run.key, 'acl'), body })
      return { status: statusOf(answer), ...(await access(run)) }
    },
    aws: { status: '200', ...PRIVATE },
  },
  {
    id: 'guard-acl-bucket',
    says: 'an ACL for everybody does not change a bucket',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const own = await inOwnBucket(run)
      const target = `/${own.bucket}?acl`
      const answer = await own.ask('PUT', { target, fields: [PUBLIC] })
      const acl = await own.target.upstream.send({ method: 'GET', target })
      const anonymous = await own.target.upstream.sendBare('GET', `/${own.bucket}`)
      return {
        answer: verdict(answer),
        permissions: xmlTexts(acl.body, 'Permission'),
        anonymous: statusOf(anonymous),
      }
    },
    aws: { answer: REFUSED, ...PRIVATE },
  },
  {
    id: 'guard-acl-create-bucket',
    says: 'no bucket is made for everybody',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const target = `/${run.bucket}-public`
      const answer = await run.ask('PUT', { target, fields: [PUBLIC] })
      const head = await run.target.upstream.send({ method: 'HEAD', target })
      return { answer: verdict(answer), bucket: head.status }
    },
    aws: { answer: REFUSED, bucket: 404 },
  },
]
