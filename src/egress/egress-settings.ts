import type { EgressConfig, Limits, ListenerConfig } from '../config/config.ts'
import { AddressRules } from './address-rules.ts'
import { AllowedHosts } from './allowed-hosts.ts'
import { CertificateAuthority } from './certificate-authority.ts'
import { LeafContexts } from './leaf-contexts.ts'

/** A listener's configuration, ready for use; a reload creates a new one. */
export interface EgressSettings {
  readonly config: ListenerConfig
  readonly egress: EgressConfig
  readonly limits: Limits
  readonly hosts: AllowedHosts
  readonly addresses: AddressRules
  /** Undefined: S3 is not intercepted. */
  readonly leaves: LeafContexts | undefined
}

/** Builds the settings; `files`: texts by path. Throws if the CA's files are unusable. */
export function buildEgressSettings(
  config: ListenerConfig,
  limits: Limits,
  files: ReadonlyMap<string, string>,
): EgressSettings {
  const { egress } = config
  if (egress === undefined) throw new Error('a listener of kind egress has its section')
  const { ca, intercept } = egress
  const authority =
    intercept && ca !== undefined
      ? new CertificateAuthority(textOf(files, ca.certFile), textOf(files, ca.keyFile))
      : undefined
  return {
    config,
    egress,
    limits,
    hosts: new AllowedHosts(egress.allowHosts),
    addresses: new AddressRules(egress.allowAddresses),
    leaves: authority === undefined ? undefined : new LeafContexts(authority),
  }
}

function textOf(files: ReadonlyMap<string, string>, path: string): string {
  const text = files.get(path)
  if (text === undefined) throw new Error(`${path} has not been read`)
  return text
}
