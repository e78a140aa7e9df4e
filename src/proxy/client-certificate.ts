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
 * Clients that are known by their TLS certificate. A connection's names are found once: they cannot
 * change while it lives, while the clients can.
 */
export class CertificateClients {
  readonly #bySubject = new Map<string, Client>()
  readonly #bySan = new Map<string, Client>()

  /** Where two clients have the same name the first holds. */
  constructor(clients: readonly Client[]) {
    for (const client of clients) {
      if (client.identity.kind !== 'certificate') continue
      const { subject, san } = client.identity
      if (subject !== undefined) addFirst(this.#bySubject, normaliseSubject(subject), client)
      if (san !== undefined) addFirst(this.#bySan, normaliseSan(san), client)
    }
  }

  /** The client at the other end, if the connection's certificate was verified and names one. */
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
  // `authorized`: the chain ends at an authority of clientCaFile.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const names = certificateNames(certificate)
  NAMES.set(socket, names)
  return names
}

/** Reads the names out of a certificate. */
export function certificateNames(
  certificate: Pick<X509Certificate, 'subject' | 'subjectAltName'>,
): CertificateNames {
  return {
    subject: subjectOf(certificate.subject),
    sans: parseSubjectAltName(certificate.subjectAltName ?? ''),
  }
}

/**
 * Node gives one RDN a line in the certificate's order, its values escaped as RFC 2253 wants it and
 * joined by ` + `; RFC 4514 writes RDNs from the last to the first. Every character of a value
 * counts: a certificate's names are never trimmed.
 */
function subjectOf(lines: string | undefined): string {
  // A certificate may have an empty subject, and then has its names in the SAN alone.
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
 * A configured subject as it is compared: `cn=app, O = Corp` → `CN=app,O=Corp`. Spaces around names
 * and values do not count, unless escaped; no other white space is dropped. Values keep their case.
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

/** Without the spaces (U+0020) around it; one that a backslash escapes stays. */
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

/** Case that ASCII has: outside of it, upper and lower case make one of characters that differ. */
function upperAscii(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase())
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Which kind of name a text is; the kinds of SAN that name a client differ in their letters. */
function sanKind(text: string): 'URI' | 'email' | 'DNS' {
  if (text.includes(':')) return 'URI'
  return text.includes('@') ? 'email' : 'DNS'
}

/** A DNS name's case means nothing; a URI's and an e-mail's may. */
function normaliseSan(text: string): string {
  return sanKind(text) === 'DNS' ? lowerAscii(text) : text
}

/**
 * Node writes `DNS:a, URI:"b, c"`: what holds a comma, a quote or a control is a JSON string, so that
 * no value can pose as a second name. Unquoted values hold none of these.
 *
 * Source: https://nodejs.org/api/tls.html (subjectaltname), CVE-2021-44532
 */
function parseSubjectAltName(text: string): readonly string[] {
  const names: string[] = []
  for (const [, type, quoted, plain] of text.matchAll(
    /(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?=, |$)/gy,
  )) {
    const value = quoted === undefined ? (plain ?? '') : String(JSON.parse(quoted))
    // A name that looks like one of another kind is none: nobody gets in as a URI by a DNS name.
    if (type === sanKind(value)) names.push(normaliseSan(value))
  }
  return names
}

function addFirst(map: Map<string, Client>, name: string, client: Client): void {
  if (!map.has(name)) map.set(name, client)
}
