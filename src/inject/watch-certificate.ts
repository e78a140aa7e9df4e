import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import { failure, ok, type Result } from '../base/result.ts'

/** A certificate chain and its private key, both PEM. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** The paths of a pair. cert-manager and kubelet replace both files at once. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A running watch. */
interface CertificateWatch {
  close(): void
}

/**
 * Reads a pair and checks that it matches; the error is a sentence for the log, without key
 * material.
 */
export async function readCertificate(
  files: CertificateFiles,
): Promise<Result<Certificate, string>> {
  const { certFile, keyFile } = files
  const cert = await readPart(certFile)
  if (!cert.ok) return cert
  const key = await readPart(keyFile)
  if (!key.ok) return key
  const certificate = parsed(() => new X509Certificate(cert.value))
  if (certificate === undefined) return failure(`${certFile} holds no certificate (PEM)`)
  const privateKey = parsed(() => createPrivateKey(key.value))
  if (privateKey === undefined) {
    return failure(`${keyFile} holds no private key (PEM), or one with a passphrase`)
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    return failure(`${keyFile} is not the key of the certificate in ${certFile}`)
  }
  const pair = { cert: cert.value, key: key.value }
  try {
    createSecureContext(pair)
    return ok(pair)
  } catch (error) {
    return failure(`${certFile}, ${keyFile}: ${error instanceof Error ? error.message : error}`)
  }
}

async function readPart(file: string): Promise<Result<Buffer, string>> {
  try {
    return ok(await readFile(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return failure(`cannot read ${file}: ${READ_FAULTS[code] ?? code}`)
  }
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EISDIR: 'it is a folder',
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/**
 * Calls `onChange` with the pair, or with an error, if anything in its folders changes. Watches the
 * folders, not the files: kubelet renews a mounted Secret by renaming a symbolic link next to them,
 * and an editor renames the file itself.
 */
export function watchCertificate(
  files: CertificateFiles,
  onChange: (outcome: Result<Certificate, string>) => void,
): CertificateWatch {
  let isReading = false
  let isDue = false
  let isClosed = false

  // Reads one at a time; a change during a read triggers another read, so that the last one counts.
  const read = async (): Promise<void> => {
    isDue = true
    if (isReading) return
    isReading = true
    while (isDue && !isClosed) {
      isDue = false
      const outcome = await readCertificate(files)
      if (!isClosed && !isDue) onChange(outcome)
    }
    isReading = false
  }

  const folders = new Set([dirname(files.certFile), dirname(files.keyFile)])
  const watchers = [...folders].map((folder): FSWatcher => {
    const watcher = watch(folder, () => void read())
    watcher.on('error', () => watcher.close())
    return watcher
  })
  return {
    close() {
      isClosed = true
      for (const watcher of watchers) watcher.close()
    },
  }
}
