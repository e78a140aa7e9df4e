import type { z } from 'zod'

/**
 * Returns a copy without the values that have issues: unknown keys at any level, and faulty keys of
 * `optionalKeys` at the top. Used to continue after the faults have been reported.
 */
export function mend(
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  optionalKeys: readonly string[],
): unknown {
  const copy = structuredClone(value)
  for (const issue of issues) {
    const first = issue.path[0]
    if (issue.code === 'unrecognized_keys') {
      const holder = issue.path.reduce<unknown>(property, copy)
      for (const key of issue.keys) remove(holder, key)
    } else if (typeof first === 'string' && optionalKeys.includes(first)) {
      remove(copy, first)
    }
  }
  return copy
}

function property(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function remove(holder: unknown, key: string): void {
  if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, key)
}
