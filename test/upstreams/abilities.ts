import type { Observation } from '../contract/contract-case.ts'
import { CHECKSUMS } from '../support/checksum.ts'
import type { OnDisk } from './on-disk.ts'

/** What the cases saw at the server itself, by their ids. */
export type Observations = ReadonlyMap<string, Observation>

/** What the page says of a server, column by column. */
export const ABILITIES = [
  'on disk',
  'PutObject',
  'multipart',
  'copy',
  'form',
  'UpdateObjectEncryption',
  'signatures',
  'signed chunks',
  'trailers',
  'checksums',
  'conditional writes',
  'versions',
] as const
export type Ability = (typeof ABILITIES)[number]
export type Abilities = Readonly<Record<Ability, string>>

/** The abilities of a server, from what the contract saw of it. */
export function abilitiesOf(seen: Observations, onDisk: OnDisk): Abilities {
  const text = (id: string, member: string) => String(seen.get(id)?.[member] ?? 'nothing')
  const passes = (id: string, expected: Observation) =>
    Object.entries(expected).every(([name, value]) => seen.get(id)?.[name] === value)
  const stored = { answer: '200', content: 'same' }
  return {
    'on disk': onDisk,
    PutObject: confirmation(text('put-kms-with-key', 'answer'), text('put-kms-with-key', 'stored')),
    multipart: multipart(
      text('create-kms-with-key', 'answer'),
      text('create-kms-with-key', 'stored'),
      text('multipart-kms', 'complete'),
    ),
    copy: confirmation(text('copy-kms-with-key', 'answer'), text('copy-kms-with-key', 'stored')),
    form: confirmation(text('form-kms-with-key', 'answer'), text('form-kms-with-key', 'stored')),
    UpdateObjectEncryption: update(seen.get('update-encryption')),
    signatures: signatures(
      text('auth-wrong-secret', 'answer'),
      text('auth-unsigned-amz-header', 'answer'),
    ),
    'signed chunks': passes('payload-signed-chunks', stored)
      ? 'yes'
      : text('payload-signed-chunks', 'answer'),
    trailers: trailers(
      CHECKSUMS.filter((name) => passes(`payload-unsigned-trailer-${name}`, stored)),
      passes('payload-signed-trailer', stored),
    ),
    checksums: checksums(
      CHECKSUMS.filter((name) => text(`payload-checksum-${name}`, 'answer') === '200'),
      text('payload-checksum-wrong', 'answer'),
    ),
    'conditional writes': conditional(
      text('write-if-none-match', 'answer'),
      text('write-if-match', 'wrong'),
      text('complete-if-none-match', 'answer'),
    ),
    versions: Array.isArray(seen.get('bucket-versioning')?.['sizes'])
      ? versions(seen.get('bucket-versioning')?.['sizes'])
      : 'no',
  }
}

/** From `200 aws:kms one` what the answer says, and what HEAD says afterwards. */
function confirmation(answer: string, stored: string): string {
  if (!answer.startsWith('2')) return answer
  if (answer.endsWith('aws:kms one')) return 'confirmed'
  return stored === 'aws:kms one' ? 'confirmed by HEAD' : 'ignored'
}

/** The answer to the completion may name nothing, as RGW's. */
function multipart(created: string, stored: string, completed: string): string {
  if (!created.startsWith('2')) return created
  const isConfirmed = completed.endsWith('aws:kms one')
  if (stored !== 'aws:kms one') return isConfirmed ? 'confirmed, and HEAD denies it' : 'ignored'
  return isConfirmed ? 'confirmed' : 'confirmed by HEAD'
}

function update(seen: Observation | undefined): string {
  if (seen?.['content'] === 'other') return '**overwrites the object**'
  const answer = String(seen?.['answer'] ?? seen?.['error'] ?? 'nothing')
  if (!answer.startsWith('200')) return answer
  return seen?.['key'] === 'new' ? 'yes' : 'ignored'
}

function signatures(wrongSecret: string, unsignedHeader: string): string {
  if (wrongSecret.startsWith('2')) return 'not verified'
  return unsignedHeader.startsWith('2') ? 'verified, unsigned `x-amz-*` taken' : 'verified'
}

function trailers(unsigned: readonly string[], signed: boolean): string {
  const names = listOf(unsigned)
  return signed || unsigned.length === 0 ? names : `${names}; not signed ones`
}

function checksums(taken: readonly string[], wrong: string): string {
  return wrong.startsWith('2') ? `${listOf(taken)}; not verified` : listOf(taken)
}

function listOf(names: readonly string[]): string {
  if (names.length === CHECKSUMS.length) return 'all five'
  return names.length === 0 ? 'none' : names.join(', ')
}

function conditional(put: string, match: string, complete: string): string {
  const held = [
    put.startsWith('412') ? 'If-None-Match' : '',
    match.startsWith('412') ? 'If-Match' : '',
    complete.startsWith('412') ? 'completion' : '',
  ].filter((one) => one !== '')
  return held.length === 0 ? 'ignored' : held.join(', ')
}

function versions(sizes: unknown): string {
  return JSON.stringify(sizes) === '["6","5"]' ? 'listed' : 'not listed'
}
