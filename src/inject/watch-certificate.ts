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
  try {
    const [cert, key] = await Promise.all([readFile(files.certFile), readFile(files.keyFile)])
    createSecureContext({ cert, key })
    return ok({ cert, key })
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    return failure(`${files.certFile}, ${files.keyFile}: ${cause}`)
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
