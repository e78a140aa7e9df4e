import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Client } from '../config/config.ts'

/** The names in a client's certificate, in the form in which they are compared. */
interface CertificateNames {
  /** RFC 4514, normalised. */
  readonly subject: string
  /** DNS names (lower case), URIs and e-mail addresses. */
  readonly sans: readonly string[]
}

/**
 * Finds clients by their TLS certificate. The names of a connection are parsed once: they cannot
 * change while it lives, but the clients can.
 */
export class CertificateClients {
  readonly #bySubject = new Map<string, Client>()
  readonly #bySan = new Map<string, Client>()

  /** If two clients have the same name, the first one wins. */
  constructor(clients: readonly Client[]) {
    for (const client of clients) {
      if (client.identity.kind !== 'certificate') continue
      const { subject, san } = client.identity
      if (subject !== undefined) addFirst(this.#bySubject, normaliseSubject(subject), client)
      if (san !== undefined) addFirst(this.#bySan, normaliseSan(san), client)
    }
  }

  /** Returns the client of the connection, if its certificate was verified and names one. */
  find(socket: Socket): Client | undefined {
    if (this.#bySubject.size === 0 && this.#bySan.size === 0) return undefined
    const names = namesOf(socket)
    if (names === undefined) return undefined
    const bySubject = this.#bySubject.get(names.subject)
    if (bySubject !== undefined) return bySubject
    for (const san of names.sans) {
      const client = this.#bySan.get(san)
      if (client !== undefined) return client
    }
    return undefined
  }
}

const NAMES = new WeakMap<Socket, CertificateNames>()

function namesOf(socket: Socket): CertificateNames | undefined {
  const known = NAMES.get(socket)
  if (known !== undefined) return known
  // `authorized`: the chain ends at a CA of clientCaFile.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const names = certificateNames(certificate)
  NAMES.set(socket, names)
  return names
}

/** Parses the names of a certificate. */
export function certificateNames(
  certificate: Pick<X509Certificate, 'subject' | 'subjectAltName'>,
): CertificateNames {
  return {
    subject: subjectOf(certificate.subject),
    sans: parseSubjectAltName(certificate.subjectAltName ?? ''),
  }
}

/**
 * Node returns one RDN per line in the certificate's order, with its values escaped as in RFC 2253
 * and joined by ` + `; RFC 4514 writes RDNs from the last to the first. Every character of a value
 * counts: a certificate's names are never trimmed.
 */
function subjectOf(lines: string | undefined): string {
  // A certificate may have an empty subject; its names are then only in the SAN.
  if (lines === undefined || lines === '') return ''
  const rdns = lines.split('\n').map((line) => {
    const values = splitUnescaped(line, '+')
    return values
      .map((value, i) => value.slice(i === 0 ? 0 : 1, i === values.length - 1 ? undefined : -1))
      .map((value) => normaliseAttribute(value, (text) => text))
      .join('+')
  })
  return rdns.reverse().join(',')
}

/**
 * Normalises a configured subject for comparison: `cn=app, O = Corp` → `CN=app,O=Corp`. Spaces
 * around names and values are ignored unless escaped; no other white space is dropped. Values keep
 * their case.
 */
export function normaliseSubject(text: string): string {
  return splitUnescaped(text, ',')
    .map((rdn) =>
      splitUnescaped(rdn, '+')
        .map((value) => normaliseAttribute(value, trimSpaces))
        .join('+'),
    )
    .join(',')
}

function normaliseAttribute(text: string, trim: (text: string) => string): string {
  const at = text.indexOf('=')
  return at < 0 ? trim(text) : `${upperAscii(trim(text.slice(0, at)))}=${trim(text.slice(at + 1))}`
}

/** Removes surrounding spaces (U+0020); a space escaped with a backslash stays. */
function trimSpaces(text: string): string {
  let start = 0
  while (text[start] === ' ') start += 1
  let end = text.length
  while (end > start && text[end - 1] === ' ') end -= 1
  let backslashes = 0
  while (text[end - 1 - backslashes] === '\\') backslashes += 1
  return text.slice(start, backslashes % 2 === 1 ? end + 1 : end)
}

function splitUnescaped(text: string, separator: ',' | '+'): readonly string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** ASCII case only: outside ASCII, case mapping makes different characters equal. */
function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase())
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/**
 * Returns the kind of a name; the kinds of SAN that identify a client contain different characters.
 */
function sanKind(text: string): 'URI' | 'email' | 'DNS' {
  if (text.includes(':')) return 'URI'
  return text.includes('@') ? 'email' : 'DNS'
}

/** DNS names are case-insensitive; URIs and e-mail addresses may not be. */
function normaliseSan(text: string): string {
  return sanKind(text) === 'DNS' ? lowerAscii(text) : text
}

/**
 * Parses node's format `DNS:a, URI:"b, c"`: values with a comma, a quote or a control character are
 * JSON strings, so that no value can pose as a second name.
 *
 * Source: https://nodejs.org/api/tls.html (subjectaltname), CVE-2021-44532
 */
function parseSubjectAltName(text: string): readonly string[] {
  const names: string[] = []
  for (const [, type, quoted, plain] of text.matchAll(
    /(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?=, |$)/gy,
  )) {
    const value = quoted === undefined ? (plain ?? '') : String(JSON.parse(quoted))
    // Ignore names that look like another kind, so that a DNS name cannot pass as a URI.
    if (type === sanKind(value)) names.push(normaliseSan(value))
  }
  return names
}

function addFirst(map: Map<string, Client>, name: string, client: Client): void {
  if (!map.has(name)) map.set(name, client)
}
