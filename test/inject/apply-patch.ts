import type { JsonPatchAdd } from '../../src/inject/json-patch.ts'

/**
 * Applies `add` operations to a JSON document as the API server does, and throws where that would
 * refuse: a parent that is not there, an index beyond the end. Source: RFC 6902 section 4.1.
 */
export function applyPatch(document: unknown, operations: readonly JsonPatchAdd[]): unknown {
  const copy = structuredClone(document)
  for (const { path, value } of operations) {
    const steps = path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = steps.pop()
    let parent: unknown = copy
    for (const step of steps) parent = Reflect.get(Object(parent), step)
    if (last === undefined || typeof parent !== 'object' || parent === null) {
      throw new Error(`no parent: ${path}`)
    }
    if (!Array.isArray(parent)) {
      Reflect.set(parent, last, structuredClone(value))
      continue
    }
    const index = last === '-' ? parent.length : Number(last)
    if (!(index >= 0 && index <= parent.length)) throw new Error(`no such index: ${path}`)
    parent.splice(index, 0, structuredClone(value))
  }
  return copy
}
