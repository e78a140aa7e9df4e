import { xmlText, xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const NAMES = ['a/1', 'a/2', 'b', 'c/d/3', 'c ü&<']

/** Five objects under a prefix of the case's own. */
async function scene(run: Run): Promise<void> {
  await Promise.all(NAMES.map((name) => run.seed(`${run.key}/${name}`)))
}

async function list(run: Run, query: string) {
  const target = `/${run.bucket}?prefix=${run.key}/${query}`
  const answer = await run.ask('GET', { target })
  const short = (text: string) => decodeURIComponent(text).slice(run.key.length + 1)
  return {
    answer,
    keys: xmlTexts(answer.body, 'Key').map(short),
    prefixes: xmlTexts(answer.body, 'Prefix', 'CommonPrefixes').map(short),
    truncated: xmlText(answer.body, 'IsTruncated'),
  }
}

/** Listings, versions 1 and 2. */
export const LISTING: readonly ContractCase[] = [
  {
    id: 'list-2',
    says: 'version 2 lists keys in the order of their octets, with count',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const { keys, truncated, answer } = await list(run, '&list-type=2')
      return { keys, truncated, count: xmlText(answer.body, 'KeyCount') }
    },
    aws: { keys: ['a/1', 'a/2', 'b', 'c ü&<', 'c/d/3'], truncated: 'false', count: '5' },
  },
  {
    id: 'list-1',
    says: 'version 1 lists the same',
    source: 'AWS, API_ListObjects',
    run: async (run) => {
      await scene(run)
      const { keys, truncated } = await list(run, '')
      return { keys, truncated }
    },
    aws: { keys: ['a/1', 'a/2', 'b', 'c ü&<', 'c/d/3'], truncated: 'false' },
  },
  {
    id: 'list-delimiter',
    says: 'a delimiter gathers common prefixes',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const { keys, prefixes } = await list(run, '&list-type=2&delimiter=%2F')
      return { keys, prefixes }
    },
    aws: { keys: ['b', 'c ü&<'], prefixes: ['a/', 'c/'] },
  },
  {
    id: 'list-pages',
    says: 'a continuation token gives the next page',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const first = await list(run, '&list-type=2&max-keys=2')
      const token = encodeURIComponent(xmlText(first.answer.body, 'NextContinuationToken') ?? '')
      const next = await list(run, `&list-type=2&max-keys=10&continuation-token=${token}`)
      return { first: first.keys, truncated: first.truncated, next: next.keys }
    },
    aws: { first: ['a/1', 'a/2'], truncated: 'true', next: ['b', 'c ü&<', 'c/d/3'] },
  },
  {
    id: 'list-pages-1',
    says: 'a marker gives the next page of version 1',
    source: 'AWS, API_ListObjects',
    run: async (run) => {
      await scene(run)
      const first = await list(run, '&max-keys=2')
      const next = await list(run, `&marker=${run.key}/a/2`)
      return { first: first.keys, truncated: first.truncated, next: next.keys }
    },
    aws: { first: ['a/1', 'a/2'], truncated: 'true', next: ['b', 'c ü&<', 'c/d/3'] },
  },
  {
    id: 'list-start-after',
    says: 'start-after begins behind a key',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const { keys } = await list(run, `&list-type=2&start-after=${run.key}/b`)
      return { keys }
    },
    aws: { keys: ['c ü&<', 'c/d/3'] },
  },
  {
    id: 'list-none',
    says: 'max-keys=0 lists nothing and is not truncated',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const { keys, truncated } = await list(run, '&list-type=2&max-keys=0')
      return { keys, truncated }
    },
    aws: { keys: [], truncated: 'false' },
  },
  {
    id: 'list-encoded',
    says: 'encoding-type=url percent-encodes keys',
    source: 'AWS, API_ListObjectsV2',
    run: async (run) => {
      await scene(run)
      const target = `/${run.bucket}?list-type=2&encoding-type=url&prefix=${run.key}/c%20`
      const answer = await run.ask('GET', { target })
      return { key: xmlText(answer.body, 'Key')?.replaceAll('+', '%20') }
    },
    aws: { key: 'list-encoded/c%20%C3%BC%26%3C' },
    differs: {
      rgw: { see: { key: 'list-encoded%2Fc%20%C3%BC%26%3C' }, cause: 'RGW encodes the slash too' },
    },
  },
  {
    id: 'list-bad-max',
    says: 'a max-keys that is no number is refused',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      const answer = await run.ask('GET', { target: `/${run.bucket}?list-type=2&max-keys=x` })
      return { answer: statusOf(answer) }
    },
    aws: { answer: '400 InvalidArgument' },
  },
  {
    id: 'list-buckets',
    says: 'ListBuckets names the bucket',
    source: 'AWS, API_ListBuckets',
    run: async (run) => {
      const answer = await run.ask('GET', { target: '/' })
      return { status: answer.status, named: xmlTexts(answer.body, 'Name').includes(run.bucket) }
    },
    aws: { status: 200, named: true },
  },
  {
    id: 'list-missing-bucket',
    says: 'a bucket that does not exist is NoSuchBucket',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({
      answer: statusOf(await run.ask('GET', { target: '/no-such-bucket-here' })),
      head: statusOf(await run.ask('HEAD', { target: '/no-such-bucket-here' })),
    }),
    aws: { answer: '404 NoSuchBucket', head: '404' },
  },
  {
    id: 'list-location',
    says: 'GetBucketLocation answers',
    source: 'AWS, API_GetBucketLocation',
    run: async (run) => ({
      answer: statusOf(await run.ask('GET', { target: `/${run.bucket}?location` })),
    }),
    aws: { answer: '200' },
  },
]
