import type { Field } from '../../support/signer.ts'
import { xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { completeUpload, createUpload, etagOf, putPart } from '../parts.ts'
import type { Run } from '../run.ts'
import {
  answered,
  askServer,
  COPIED_PLAIN,
  refusedCases,
  SEALED,
  verdict,
  write,
} from './guarded-write.ts'

const REFUSED = '403 AccessDenied tags-missing'
const GOOD: Field = ['x-amz-tagging', 'team=blue&env=prod']
const REPLACE: Field = ['x-amz-tagging-directive', 'REPLACE']

function documentOf(tags: Readonly<Record<string, string>>): string {
  const list = Object.entries(tags).map(
    ([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`,
  )
  return `<Tagging><TagSet>${list.join('')}</TagSet></Tagging>`
}

/** The tags that the server itself has of the object: `key=value`, sorted. */
async function tagsAt(run: Run): Promise<readonly string[]> {
  const { body } = await askServer(run, 'GET', 'tagging')
  const values = xmlTexts(body, 'Value')
  return xmlTexts(body, 'Key')
    .map((key, i) => `${key}=${values[i]}`)
    .toSorted()
}

const KEPT = ['env=prod', 'team=blue']

/** `tags`. */
export const TAGS: readonly ContractCase[] = [
  ...refusedCases({
    id: 'guard-tags-none',
    says: 'a write without the tags is refused',
    answer: REFUSED,
  }),
  ...refusedCases({
    id: 'guard-tags-value',
    says: 'a write with another value is refused',
    fields: [['x-amz-tagging', 'team=blue&env=dev'], REPLACE],
    formFields: [['tagging', documentOf({ team: 'blue', env: 'dev' })]],
    answer: REFUSED,
  }),
  ...refusedCases(
    {
      id: 'guard-tags-keep',
      says: 'a copy that keeps the tags of its source is refused',
      fields: [GOOD],
      answer: REFUSED,
    },
    ['copy'],
  ),
  {
    id: 'guard-tags-put',
    says: 'a write with the tags is stored with them',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const seen = await answered(run, await write(run, 'put', { fields: [GOOD] }))
      return { ...seen, tags: await tagsAt(run) }
    },
    aws: { ...SEALED, tags: KEPT },
  },
  {
    id: 'guard-tags-form',
    says: 'a form with the tags is stored with them',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const formFields: readonly Field[] = [['tagging', documentOf({ team: 'blue', env: 'prod' })]]
      const seen = await answered(run, await write(run, 'form', { formFields }))
      return { ...seen, tags: await tagsAt(run) }
    },
    aws: { ...SEALED, answer: '204', tags: KEPT },
  },
  {
    id: 'guard-tags-copy',
    says: 'a copy that replaces the tags is stored with them',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const seen = await answered(run, await write(run, 'copy', { fields: [GOOD, REPLACE] }))
      return { ...seen, tags: await tagsAt(run) }
    },
    aws: { ...SEALED, tags: KEPT },
    differs: {
      'sealgate+rgw': {
        see: { ...COPIED_PLAIN.see, tags: [] },
        cause: `${COPIED_PLAIN.cause}, and ignores the tags of a copy`,
      },
    },
  },
  {
    id: 'guard-tags-multipart',
    says: 'an upload that was begun with the tags makes an object with them',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const uploadId = await createUpload(run, [GOOD])
      const part = await putPart(run, uploadId, 1, 'content')
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return { ...(await answered(run, completed)), tags: await tagsAt(run) }
    },
    aws: { ...SEALED, tags: KEPT },
    differs: {
      rgw: {
        see: { ...SEALED, tags: [] },
        cause: 'RGW 16 ignores the tags of an upload in parts',
      },
    },
  },
  {
    id: 'guard-tags-change',
    says: 'a document without the tags, and their removal, are refused and change nothing',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      await write(run, 'put', { fields: [GOOD] })
      const target = run.path(run.key, 'tagging')
      const put = (body: string) => run.ask('PUT', { target, body })
      return {
        document: verdict(await put(documentOf({ team: 'blue' }))),
        removal: verdict(await run.ask('DELETE', { target })),
        tags: await tagsAt(run),
        good: (await put(documentOf({ env: 'test', team: 'red' }))).status,
        changed: await tagsAt(run),
      }
    },
    aws: {
      document: REFUSED,
      removal: REFUSED,
      tags: KEPT,
      good: 200,
      changed: ['env=test', 'team=red'],
    },
  },
]
