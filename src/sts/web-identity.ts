import type { ClaimRule, Client } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import type { IdentityToken } from './identity-token.ts'

/** The identity of a client that identity tokens prove. */
type WebIdentity = Extract<Client['identity'], { readonly kind: 'web-identity' }>

/**
 * Returns whether a token proves to be the client: issuer, subject and every claim. `issuer`: the name of the
 * issuer in the configuration. Texts are compared character for character.
 */
export function isIdentityOf(
  identity: WebIdentity,
  issuer: string,
  { subject, claims }: Pick<IdentityToken, 'subject' | 'claims'>,
): boolean {
  if (!isSubjectOf(identity, issuer, subject)) return false
  return identity.claims.every((rule) => {
    return Object.hasOwn(claims, rule.name) && matchesClaim(rule, claims[rule.name])
  })
}

/** The part of the comparison that is repeated when a session token is used. */
export function isSubjectOf(identity: WebIdentity, issuer: string, subject: string): boolean {
  return identity.issuer === issuer && matchesAny(identity.subjects, subject)
}

/** A boolean is itself, never the text `true`; a list has an entry that matches. */
function matchesClaim({ value, patterns }: ClaimRule, claim: unknown): boolean {
  if (value !== undefined) return claim === value
  if (typeof claim === 'string') return matchesAny(patterns, claim)
  if (!Array.isArray(claim)) return false
  return claim.some((entry) => typeof entry === 'string' && matchesAny(patterns, entry))
}
