import type { Draft, Edit, Pair } from './draft.ts'
import { drawEdit, drawRequest } from './generate-request.ts'
import type { Random } from './random.ts'
import { FOREIGN_KEY } from './world.ts'

/* Presigned URLs: a signature in the query, headers carried as parameters. Pure and seeded. */

const SSE = 'x-amz-server-side-encryption'

const HOISTED: readonly Pair[] = [
  [SSE, 'AES256'],
  ['X-Amz-Server-Side-Encryption', 'aws%3Akms'],
  [`${SSE}-aws-kms-key-id`, encodeURIComponent(FOREIGN_KEY)],
  [`${SSE}-context`, 'e30%3D'],
  [`${SSE}-bucket-key-enabled`, 'false'],
  [`${SSE}-customer-algorithm`, 'AES256'],
  [`${SSE}-customer-key`, 'eA%3D%3D'],
  ['x_amz_server_side_encryption', 'AES256'],
  ['x-amz-server-side%2Dencryption', 'AES256'],
  ['x-amz-copy-source', 'other%2Fk'],
  ['X-Amz-Copy-Source', '%2Fbucket%2Fk'],
  ['x-amz-acl', 'private'],
  ['X-Amz-Acl', 'public-read'],
  ['x-amz-meta-a', '1'],
  ['x-amz-meta-%C3%A4', '1'],
  ['x-amz-tagging', 'a%3Db'],
  ['x-amz-checksum-crc32', 'AAAAAA%3D%3D'],
  ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ['x-amz-write-offset-bytes', '0'],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ['X-Amz-Content-Sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
  ['x-amz-user-agent', 'x'],
  ['x-id', 'PutObject'],
  ['Content-Type', 'text%2Fplain'],
  ['Cache-Control', 'no-store'],
  ['response-content-type', 'text%2Fhtml'],
]

const AUTHENTICATING = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
] as const

/** A request whose signature stands in its query. */
export function drawPresigned(random: Random): Draft {
  const draft = drawRequest(random)
  if (draft.auth === 'header') draft.auth = 'query'
  // A URL signs Host alone; what it carries besides is in its query, or not signed, or signed too.
  if (random.chance(60)) {
    for (const [name, value] of draft.fields.splice(0)) {
      if (name.startsWith('x-amz-')) draft.query.push([name, encodeURIComponent(value)])
    }
  }
  return draft
}

/** An edit for presigned requests; others fit as well. */
export function drawPresignedEdit(random: Random): Edit {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2: {
      const [name, value] = random.pick(HOISTED)
      const at = random.chance(80) ? 'draft' : 'tamper'
      return {
        name: `hoisted ${name}${at === 'draft' ? '' : ', behind the signature'}`,
        at,
        apply: ({ draft }) => draft.query.push([name, value]),
      }
    }
    case 3: {
      const expires = random.pick(['0', '1', '604800', '604801', '-1', 'x', '', '600.5', '0600'])
      return {
        name: `expires ${expires}`,
        at: 'draft',
        apply: ({ draft }) => {
          draft.expires = expires
        },
      }
    }
    case 4:
      return respellAuthentication(random)
    default:
      return drawEdit(random)
  }
}

/** What authenticates, changed behind the signature. */
function respellAuthentication(random: Random): Edit {
  const name = random.pick(AUTHENTICATING)
  const how = random.below(5)
  return {
    name: `${name} changed (${how})`,
    at: 'tamper',
    apply: ({ draft }) => {
      const at = draft.query.findIndex(([other]) => other === name)
      const pair = draft.query[at]
      if (pair === undefined) return
      if (how === 0) pair[0] = name.toLowerCase()
      else if (how === 1) draft.query.push([...pair])
      else if (how === 2) draft.query.splice(at, 1)
      else if (how === 3) pair[1] = `${pair[1] ?? ''}0`
      else pair[0] = name.replace('-', '%2D')
    },
  }
}
