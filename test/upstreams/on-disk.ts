import { randomBytes } from 'node:crypto'
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '../contract/target.ts'
import type { Field } from '../support/signer.ts'

/** How the data of an object is on the server's disk. */
export type OnDisk = 'encrypted' | 'plain' | 'in memory' | 'not found' | 'refused'

const SSE = 'x-amz-server-side-encryption'

/**
 * Stores two objects that no compression makes smaller, one as it comes and one with SSE-KMS, and looks for their octets in the
 * server's files. `not found`: the server keeps data in a form in which the first cannot be found either.
 */
export async function howIsItOnDisk(target: Target, folder: string | undefined): Promise<OnDisk> {
  const bucket = `on-disk-${Date.now().toString(36)}`
  const { client } = target
  await client.send({ method: 'PUT', target: `/${bucket}` })
  const [plain, sealed] = [randomBytes(300_000), randomBytes(300_000)]
  const put = (key: string, body: Buffer, fields: readonly Field[]) =>
    client.send({ method: 'PUT', target: `/${bucket}/${key}`, body, fields })
  await put('plain', plain, [])
  const answer = await put('sealed', sealed, [
    [SSE, 'aws:kms'],
    [`${SSE}-aws-kms-key-id`, target.kms.one],
  ])
  if (answer.status !== 200) return 'refused'
  if (folder === undefined) return 'in memory'
  if (await isInFiles(folder, sealed)) return 'plain'
  return (await isInFiles(folder, plain)) ? 'encrypted' : 'not found'
}

/** Looks for a piece from the middle; a server may keep all its data in one file of gigabytes. */
async function isInFiles(folder: string, data: Buffer): Promise<boolean> {
  const piece = data.subarray(150_000, 150_064)
  for (const file of filesOf(folder)) if (await isInFile(file, piece)) return true
  return false
}

async function isInFile(file: string, piece: Buffer): Promise<boolean> {
  let end = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const part = Buffer.concat([end, chunk])
    if (part.includes(piece)) return true
    end = part.subarray(-piece.length)
  }
  return false
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
}
