/** The guards that the cases are about, by the begin of their ids, which are their keys. */
const GUARDS = {
  'guard-acl': { publicAcl: 'refuse' },
  'guard-class': { storageClasses: ['STANDARD'] },
  'guard-archive': { storageClasses: ['GLACIER_IR'] },
  'guard-tags': { tags: ['team', { key: 'env', values: ['prod', 'test'] }] },
  'guard-size': { maxBytes: 1000 },
  'guard-parts': { maxBytes: 6 << 20 },
  'guard-digest': { checksum: 'required' },
  'guard-sha256': { checksum: ['SHA256'] },
  'guard-lock': { objectLock: { mode: 'GOVERNANCE', days: 1 } },
} as const

/** The guards that have cases. */
export const GUARD_NAMES = [...new Set(Object.values(GUARDS).flatMap((one) => Object.keys(one)))]

/** The guard that a case is about. */
export function guardOf(id: string): string {
  const [, guards = {}] = Object.entries(GUARDS).find(([name]) => id.startsWith(`${name}-`)) ?? []
  return Object.keys(guards)[0] ?? ''
}

/** `policy.rules` with the guards; `effect` is `encrypt` or `exempt` of each. */
export function guardRules(effect: object): readonly object[] {
  return Object.entries(GUARDS).map(([name, guards]) => ({
    name,
    match: { buckets: ['contract-*'], keys: [`${name}-*`] },
    ...effect,
    guards,
  }))
}
