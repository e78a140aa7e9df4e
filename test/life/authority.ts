import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate and its key: PEM text and where it is. */
export interface IssuedCertificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** An authority of the test's own, made by openssl in a folder. */
export class TestAuthority {
  readonly certFile: string
  readonly cert: string
  readonly #folder: string
  readonly #name: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    this.certFile = join(folder, `${name}.crt`)
    openssl([
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '30', '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'],
      ...['-keyout', join(folder, `${name}.key`), '-out', this.certFile],
    ])
    this.cert = readFileSync(this.certFile, 'utf8')
  }

  /** `subject` as openssl writes it (`/O=Corp/CN=app`), `san` too (`DNS:app,URI:spiffe://x`). */
  issue(file: string, subject: string, san?: string): IssuedCertificate {
    const [certFile, keyFile] = [
      join(this.#folder, `${file}.crt`),
      join(this.#folder, `${file}.key`),
    ]
    const [request, extensions] = [`${certFile}.csr`, `${certFile}.ext`]
    openssl([
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-utf8', '-subj', subject, '-keyout', keyFile, '-out', request],
    ])
    writeFileSync(extensions, san === undefined ? '' : `subjectAltName=${san}\n`)
    openssl([
      ...['x509', '-req', '-in', request, '-days', '30', '-extfile', extensions],
      ...['-CA', this.certFile, '-CAkey', join(this.#folder, `${this.#name}.key`)],
      ...['-CAcreateserial', '-out', certFile],
    ])
    return {
      cert: readFileSync(certFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      certFile,
      keyFile,
    }
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}
