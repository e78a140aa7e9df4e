import { KEY } from '../support/rig.ts'
import type { Field } from '../support/signer.ts'
import type { FormDraft } from './cases.ts'

const SSE = 'x-amz-server-side-encryption'

/** A change to a form, by what it does. */
type FormEdit = (draft: FormDraft) => FormDraft

const form =
  (change: FormDraft['form']): FormEdit =>
  (draft) => ({ ...draft, form: { ...draft.form, ...change } })
const fields =
  (...more: readonly Field[]): FormEdit =>
  (draft) => ({
    ...draft,
    form: { ...draft.form, fields: [...(draft.form.fields ?? []), ...more] },
  })
const key =
  (value: string): FormEdit =>
  (draft) => {
    const others = (draft.form.fields ?? []).filter(([name]) => name !== 'key')
    return { ...draft, form: { ...draft.form, fields: [['key', value], ...others] } }
  }
const header =
  (name: string, value: string): FormEdit =>
  (draft) => ({ ...draft, more: [...draft.more, [name, value]] })

/** What can be wrong, odd or special about a form that is well-formed. */
export const FORM_EDITS = {
  'key missing': (draft) => ({ ...draft, form: { ...draft.form, fields: [] } }),
  'key empty': key(''),
  'key nul': key('a\0b'),
  'key long': key('k'.repeat(1025)),
  'key plain': key('a key/é'),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own form.
  'key of the file': key('up/${filename}'),
  'condition of a beginning': form({ conditions: [['starts-with', '$key', 'up/']] }),
  'bucket other': form({ bucket: 'other' }),
  'bucket of nobody': form({ bucket: 'nobodys' }),
  'bucket strict': form({ bucket: 'strict' }),
  'bucket exempt': form({ bucket: 'exempt' }),
  'bucket guarded': form({ bucket: 'guarded' }),
  'bucket tagged': form({ bucket: 'tagged' }),
  'bucket locked': form({ bucket: 'locked' }),
  tagging: fields([
    'tagging',
    '<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>',
  ]),
  'content md5': fields(['Content-MD5', '1B2M2Y8AsgTpgAmY7PhCfg==']),
  'acl public': fields(['acl', 'public-read']),
  'acl public in the head': header('x-amz-acl', 'public-read'),
  'storage class': fields(['x-amz-storage-class', 'GLACIER']),
  'bucket without rule': form({ bucket: 'no-rule' }),
  'encryption AES256': fields([SSE, 'AES256']),
  'encryption kms': fields([SSE, 'aws:kms']),
  'encryption key': fields([`${SSE}-aws-kms-key-id`, KEY]),
  'encryption unknown': fields([SSE, 'rot13']),
  'encryption new': fields([`${SSE}-newthing`, '1']),
  'customer key': fields([`${SSE}-customer-algorithm`, 'AES256']),
  'upper case': fields(['Content-Type', 'text/plain']),
  redirect: fields(['success_action_redirect', 'http://page.example/']),
  status: fields(['success_action_status', '201']),
  token: fields(['x-amz-security-token', 'a-token-of-somebody']),
  metadata: fields(['x-amz-meta-a', 'b']),
  'x-ignore': fields(['x-ignore-a', 'b']),
  'not authenticated': form({ noAuthentication: true }),
  'no conditions': form({ conditions: [] }),
  'condition that fails': form({ conditions: [['starts-with', '$key', 'elsewhere/']] }),
  'condition unknown': form({ conditions: [['like', '$key', 'up']] }),
  'condition of a length': form({
    conditions: [
      ['content-length-range', 0, 1000],
      ['starts-with', '$key', ''],
    ],
  }),
  'policy no JSON': form({ policy: 'nothing' }),
  'policy spoilt': form({ editPolicy: (text) => `A${text.slice(1)}` }),
  expired: form({ expiresInMs: -3_600_000 }),
  'signed long ago': form({ nowMs: Date.now() - 86_400_000 * 3, expiresInMs: 86_400_000 * 4 }),
  'key unknown': form({
    keys: { accessKeyId: 'SGNOBODY0000000001', secretAccessKey: 'nobody-nobody-nobody' },
  }),
  'secret wrong': form({
    keys: { accessKeyId: 'SGCLIENT0000000001', secretAccessKey: 'another-secret-another' },
  }),
  'other client': form({
    keys: { accessKeyId: 'SGOTHER00000000001', secretAccessKey: 'other-secret-other-secret' },
  }),
  'algorithm missing': form({
    spell: (name) => (name === 'x-amz-algorithm' ? 'x-ignore-b' : name),
  }),
  'file name path': form({ disposition: 'form-data; name="file"; filename="C:\\\\a\\\\b.txt"' }),
  'file without name': form({ disposition: 'form-data; name="file"' }),
  'boundary missing': (draft) => ({
    ...draft,
    head: { ...draft.head, contentType: 'multipart/form-data' },
  }),
  'content type missing': (draft) => ({
    ...draft,
    head: { ...draft.head, contentType: undefined },
  }),
  'content type other': (draft) => ({
    ...draft,
    head: { ...draft.head, contentType: 'text/plain' },
  }),
  'header authorization': header('Authorization', 'AWS4-HMAC-SHA256 Credential=a'),
  'header encryption': header(SSE, 'AES256'),
  'header other site': header('sec-fetch-site', 'cross-site'),
  'header origin': header('origin', 'http://page.example'),
  'header expect': header('expect', '100-continue'),
  'framing chunked': (draft) => ({ ...draft, isChunked: true }),
} as const satisfies Readonly<Record<string, FormEdit>>

export type FormEditName = keyof typeof FORM_EDITS
