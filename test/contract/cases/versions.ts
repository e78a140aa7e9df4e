import type { Answer } from '../../support/wire.ts'
import { xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const STATUS = (status: string) =>
  `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`

/** A bucket of the case's own, with versions. */
async function versionedBucket(run: Run, name: string): Promise<string> {
  const target = `/${run.bucket}-${name}`
  await run.ask('PUT', { target })
  await run.ask('PUT', { target: `${target}?versioning`, body: STATUS('Enabled') })
  return target
}

const idOf = (answer: Answer) => answer.headers.get('x-amz-version-id') ?? 'none'

/** `null`, which is an id too, `none`, or that it is one of the others, which are random. */
const wordFor = (id: string | undefined) =>
  id === undefined || id === 'null' || id === 'none' ? id : 'an id'

/** Versions and delete markers. */
export const VERSIONS: readonly ContractCase[] = [
  {
    id: 'bucket-versioning',
    says: 'with versioning each upload has a version id, and old versions are read by it',
    source: 'AWS, API_PutBucketVersioning',
    run: async (run) => {
      const target = await versionedBucket(run, 'versions')
      const first = await run.ask('PUT', { target: `${target}/key`, body: 'first' })
      await run.ask('PUT', { target: `${target}/key`, body: 'second' })
      const id = idOf(first)
      const old = await run.ask('GET', { target: `${target}/key?versionId=${id}` })
      const listed = await run.ask('GET', { target: `${target}?versions` })
      const status = await run.ask('GET', { target: `${target}?versioning` })
      return {
        status: xmlTexts(status.body, 'Status'),
        old: old.body.toString(),
        told: idOf(old) === id,
        latest: xmlTexts(listed.body, 'IsLatest'),
        sizes: xmlTexts(listed.body, 'Size'),
      }
    },
    aws: {
      status: ['Enabled'],
      old: 'first',
      told: true,
      latest: ['true', 'false'],
      sizes: ['6', '5'],
    },
  },
  {
    id: 'version-delete-marker',
    says: 'a DELETE leaves a marker; removing it brings the object back',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html',
    run: async (run) => {
      const target = await versionedBucket(run, 'marker')
      await run.ask('PUT', { target: `${target}/key`, body: 'x' })
      const deleted = await run.ask('DELETE', { target: `${target}/key` })
      const marker = idOf(deleted)
      const hidden = await run.ask('GET', { target: `${target}/key` })
      const named = await run.ask('GET', { target: `${target}/key?versionId=${marker}` })
      const listed = await run.ask('GET', { target: `${target}?versions` })
      const removed = await run.ask('DELETE', { target: `${target}/key?versionId=${marker}` })
      const back = await run.ask('GET', { target: `${target}/key` })
      return {
        deleted: [deleted.status, deleted.headers.get('x-amz-delete-marker')],
        hidden: [statusOf(hidden), hidden.headers.get('x-amz-delete-marker')],
        named: statusOf(named),
        markers: listed.body.toString().split('<DeleteMarker>').length - 1,
        removed: [removed.status, removed.headers.get('x-amz-delete-marker')],
        back: back.body.toString(),
      }
    },
    aws: {
      deleted: [204, 'true'],
      hidden: ['404 NoSuchKey', 'true'],
      named: '405 MethodNotAllowed',
      markers: 1,
      removed: [204, 'true'],
      back: 'x',
    },
    differs: {
      rgw: {
        see: {
          deleted: [204, 'true'],
          hidden: ['404 NoSuchKey', undefined],
          named: '404 NoSuchKey',
          markers: 1,
          removed: [204, 'true'],
          back: 'x',
        },
        cause: 'RGW tells nothing of a marker that hides an object',
      },
    },
  },
  {
    id: 'version-listing-pages',
    says: 'versions are listed by key, the newest first, whatever the size of a page',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html',
    run: async (run) => {
      const target = await versionedBucket(run, 'version-pages')
      for (const body of ['1', '22', '333']) {
        for (const key of ['a', 'b']) await run.ask('PUT', { target: `${target}/${key}`, body })
      }
      const sizes: string[] = []
      let marker = ''
      for (let pages = 0; pages < 4; pages++) {
        const page = await run.ask('GET', { target: `${target}?versions&max-keys=2${marker}` })
        sizes.push(...xmlTexts(page.body, 'Size'))
        const [key] = xmlTexts(page.body, 'NextKeyMarker')
        const [id] = xmlTexts(page.body, 'NextVersionIdMarker')
        if (key === undefined || id === undefined) break
        marker = `&key-marker=${key}&version-id-marker=${id}`
      }
      return { sizes }
    },
    aws: { sizes: ['3', '2', '1', '3', '2', '1'] },
  },
  {
    id: 'version-suspended',
    says: 'while versions are suspended, the version null is written anew',
    source:
      'https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html',
    run: async (run) => {
      const target = await versionedBucket(run, 'suspended')
      await run.ask('PUT', { target: `${target}/key`, body: '1' })
      await run.ask('PUT', { target: `${target}?versioning`, body: STATUS('Suspended') })
      await run.ask('PUT', { target: `${target}/key`, body: '22' })
      await run.ask('PUT', { target: `${target}/key`, body: '333' })
      const listed = await run.ask('GET', { target: `${target}?versions` })
      const deleted = await run.ask('DELETE', { target: `${target}/key` })
      const after = await run.ask('GET', { target: `${target}?versions` })
      return {
        sizes: xmlTexts(listed.body, 'Size'),
        first: wordFor(xmlTexts(listed.body, 'VersionId')[0]),
        marker: wordFor(idOf(deleted)),
        left: xmlTexts(after.body, 'Size'),
      }
    },
    aws: { sizes: ['3', '1'], first: 'null', marker: 'null', left: ['1'] },
  },
  {
    id: 'version-unknown',
    says: 'a version that is not there is NoSuchVersion, what is no id InvalidArgument',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html',
    run: async (run) => {
      const target = await versionedBucket(run, 'unknown-version')
      await run.ask('PUT', { target: `${target}/key`, body: 'x' })
      const get = async (id: string) =>
        statusOf(await run.ask('GET', { target: `${target}/key?versionId=${id}` }))
      return { missing: await get('a'.repeat(32)), bad: await get('a') }
    },
    aws: { missing: '404 NoSuchVersion', bad: '400 InvalidArgument' },
    differs: {
      rgw: {
        see: { missing: '404 NoSuchKey', bad: '404 NoSuchKey' },
        cause: 'RGW does not tell versions and keys apart here',
      },
    },
  },
]
