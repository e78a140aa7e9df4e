import { type BuildContext, readNamedFile, readSecret } from './build-context.ts'
import { readCertificate } from './certificate-files.ts'
import type { AuditSinkConfig } from './config.ts'
import type { ConfigPath } from './problems.ts'
import type { RawAuditSink } from './schema-sinks.ts'
import { isLoopbackHost } from './socket-address.ts'

/** Builds the places that get copies of audit lines; reports problems. */
export async function buildSinks(
  context: BuildContext,
  path: ConfigPath,
  raw: readonly RawAuditSink[],
): Promise<readonly AuditSinkConfig[]> {
  const sinks: AuditSinkConfig[] = []
  for (const [i, sink] of raw.entries()) {
    const at = [...path, i]
    checkUrl(context, [...at, 'url'], sink.url)
    const token =
      sink.token === undefined ? undefined : await readSecret(context, [...at, 'token'], sink.token)
    const ca =
      sink.caFile === undefined
        ? undefined
        : await readNamedFile(context, [...at, 'caFile'], sink.caFile)
    if (ca !== undefined && readCertificate(ca) === undefined) {
      context.report([...at, 'caFile'], 'has no PEM certificate')
    }
    sinks.push({ kind: sink.kind, url: sink.url, token, ca })
  }
  return sinks
}

/** A token, and lines that name keys, do not go over a network in clear text. */
function checkUrl(context: BuildContext, path: ConfigPath, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === undefined || !isWeb || url.hostname === '') {
    context.report(path, 'must be https://HOST[:PORT]/PATH')
  } else if (url.username !== '' || url.password !== '') {
    context.report(path, 'a user or password is not allowed; use token')
  } else if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    context.report(path, 'must be https:// beyond loopback')
  }
}
