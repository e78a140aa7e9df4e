import type { HeaderList } from '../base/header-list.ts'
import type { FormField } from '../body/form-fields.ts'
import type { WriteFacts } from '../policy/write-facts.ts'
import type { S3Request } from './read-request.ts'

/** The parts of a request that say what it writes. */
export type WriteSource = Pick<S3Request, 'headers' | 'form'>

/** Reads what a request says about the object that it writes. Values are not checked here. */
export function readWriteFacts({ headers, form }: WriteSource): WriteFacts {
  const stated = form === undefined ? headers : headersOf(form.fields)
  return {
    acls: valuesOf(stated, (name) => name === 'x-amz-acl'),
    grants: valuesOf(stated, (name) => name.startsWith('x-amz-grant-')),
    storageClasses: valuesOf(stated, (name) => name === 'x-amz-storage-class'),
  }
}

/** The fields of a form as headers: in a form, the header `x-amz-acl` has the name `acl`. */
function headersOf(fields: readonly FormField[]): HeaderList {
  return fields.flatMap(({ key, value }) => [key === 'acl' ? 'x-amz-acl' : key, value])
}

function valuesOf(list: HeaderList, isMeant: (name: string) => boolean): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    if (isMeant(list[i] ?? '')) values.push((list[i + 1] ?? '').trim())
  }
  return values
}
