import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Config, ConfigProblem, ListenerTls } from '../config/config.ts'

/** The TLS files' contents, for a listener with TLS. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** Authorities of client certificates; undefined: none is asked for. */
  readonly clientCa: string | undefined
  /**
   * Keys of session tickets, 48 octets, shared by workers so that each resumes the others' sessions;
   * undefined: node makes some. New keys end old sessions: nobody resumes past a changed authority.
   */
  readonly ticketKeys: Buffer | undefined
}

/** What node:tls is given, at the start and with new certificates. */
export function tlsOptions({ cert, key, clientCa, ticketKeys }: TlsMaterial) {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  } as const satisfies SecureContextOptions & { readonly ticketKeys?: Buffer }
}

/** Takes the contents out of files that were read; throws where one was not. */
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

/** What OpenSSL will not take: keys that are too small, chains that are broken. */
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
      problems.push({ path: `listen[${i}].tls`, message: `OpenSSL does not take it: ${cause}` })
    }
  })
  return problems
}

function textOf(files: ReadonlyMap<string, string>, path: string): string {
  const text = files.get(path)
  if (text === undefined) throw new Error(`${path} has not been read`)
  return text
}
