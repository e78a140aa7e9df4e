import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Config, ConfigProblem, ListenerTls } from '../config/config.ts'

/** The contents of the TLS files of a listener. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** CAs of client certificates; undefined: no certificate is requested. */
  readonly clientCa: string | undefined
  /**
   * Keys of session tickets, 48 bytes, shared by workers so that each can resume the others'
   * sessions; undefined: node creates them. New keys invalidate old sessions, so that no client
   * resumes a session after its CA was changed.
   */
  readonly ticketKeys: Buffer | undefined
}

/** The options of node:tls, at the start and with new certificates. */
export function tlsOptions({ cert, key, clientCa, ticketKeys }: TlsMaterial) {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  } as const satisfies SecureContextOptions & { readonly ticketKeys?: Buffer }
}

/** Picks the contents from the files that were read; throws if one is missing. */
export function pickTlsMaterial(
  tls: ListenerTls,
  files: ReadonlyMap<string, string>,
  ticketKeys: Buffer | undefined,
): TlsMaterial {
  const { certFile, keyFile, clientCaFile } = tls
  return {
    cert: textOf(files, certFile),
    key: textOf(files, keyFile),
    clientCa: clientCaFile === undefined ? undefined : textOf(files, clientCaFile),
    ticketKeys,
  }
}

/** Returns certificates and keys that OpenSSL rejects: small keys, broken chains. */
export function tlsProblems(
  { listen }: Config,
  files: ReadonlyMap<string, string>,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  listen.forEach(({ tls }, i) => {
    if (tls === undefined) return
    try {
      createSecureContext(tlsOptions(pickTlsMaterial(tls, files, undefined)))
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      problems.push({ path: `listen[${i}].tls`, message: `OpenSSL rejects it: ${cause}` })
    }
  })
  return problems
}

function textOf(files: ReadonlyMap<string, string>, path: string): string {
  const text = files.get(path)
  if (text === undefined) throw new Error(`${path} has not been read`)
  return text
}
