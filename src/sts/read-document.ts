import { readFile } from 'node:fs/promises'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { ReadDocument } from './issuer-keys.ts'
import { KEY_SET_LENGTH_MAX } from './key-set.ts'

const READ_MS = 5_000
/**
 * What issuers call a key set and a discovery document. The API server of Kubernetes serves its keys as
 * `application/jwk-set+json` alone and answers 406 to a client that takes nothing but JSON.
 *
 * Source: RFC 7517 section 8.5
 */
const DOCUMENT_TYPES = 'application/jwk-set+json, application/json'
const TOKEN_BYTES_MAX = 16_384

/**
 * Reads a document of an issuer by GET: status 200, at most 256 KiB, at most 5 s in all. Redirects are
 * not followed. Each read has its own connection, so that none waits in a pool.
 */
export const readDocument: ReadDocument = async (url, { ca, tokenFile }) => {
  const headers: Record<string, string> = { accept: DOCUMENT_TYPES }
  if (tokenFile !== undefined) headers['authorization'] = `Bearer ${await readToken(tokenFile)}`
  const signal = AbortSignal.timeout(READ_MS)
  const options = { headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) }
  const send = new URL(url).protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      if (response.statusCode !== 200) {
        request.destroy()
        reject(new Error(`the issuer answered ${response.statusCode}`))
        return
      }
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > KEY_SET_LENGTH_MAX) request.destroy(new Error('the document is too long'))
        else chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

async function readToken(path: string): Promise<string> {
  const token = (await readFile(path, 'utf8')).trim()
  const isToken = /^[\x21-\x7e]+$/.test(token) && token.length <= TOKEN_BYTES_MAX
  if (!isToken) throw new Error(`${path} has no token`)
  return token
}
