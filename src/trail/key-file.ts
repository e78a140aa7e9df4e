import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { formatVerifierKey } from '../evidence/note.ts'

/** A sealing key from its file. */
interface SealingKey {
  readonly privateKey: KeyObject
  /** The name that `keygen` wrote before the key; undefined if another program created it. */
  readonly origin: string | undefined
}

/** Reads a sealing key (PEM, PKCS#8, Ed25519); throws the problem, never the key. */
export function readKeyFile(path: string): SealingKey {
  const text = readFileSync(path, 'utf8')
  const privateKey = parseKey(path, text)
  const [, origin] = /^origin: (\S+)$/m.exec(text) ?? []
  return { privateKey, origin }
}

function parseKey(path: string, text: string): KeyObject {
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // OpenSSL's message does not help.
  }
  throw new Error(`${path} holds no Ed25519 private key (PEM, PKCS#8)`)
}

/** Makes a key: the text of its file, and its verifier key. */
export function createKey(origin: string): { readonly text: string; readonly verifierKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const verifierKey = formatVerifierKey({ name: origin, privateKey })
  return { text: `origin: ${origin}\nvkey: ${verifierKey}\n${pem}`, verifierKey }
}
