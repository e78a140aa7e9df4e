import { readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'

// What every program of this folder is told (run-programs.ts): put small.bin, large.bin and gone.bin, read
// the first two back into NAME.back, list the bucket, delete gone.bin.

export const {
  ENDPOINT: endpoint,
  TLS_ENDPOINT: tlsEndpoint,
  HOST: host,
  PORT: port,
  BUCKET: bucket,
  REGION: region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  OTHER_KEY: otherKey,
} = env
export const credentials = { accessKeyId, secretAccessKey }
export const small = readFileSync('small.bin')
export const large = readFileSync('large.bin')

/** Keeps what was read; the suite compares it. */
export function back(name, data) {
  writeFileSync(`${name}.back`, data)
}

/** Throws unless a fetch went well. */
export async function ok(answer) {
  const response = await answer
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response
}

/** Reads a stream to its end. */
export async function all(stream) {
  const parts = []
  for await (const part of stream) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}
