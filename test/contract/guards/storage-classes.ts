import type { ContractCase } from '../contract-case.ts'
import type { Run } from '../run.ts'
import {
  answered,
  askServer,
  refused,
  refusedCases,
  SEALED,
  type Wish,
  write,
} from './guarded-write.ts'

const REFUSED = '403 AccessDenied storage-class-not-allowed'

/** The class of what the server has; it names no header for STANDARD. */
async function storedIn(run: Run, wish: Wish) {
  const seen = await answered(run, await write(run, 'put', wish))
  const head = await askServer(run, 'HEAD')
  return { ...seen, class: head.headers.get('x-amz-storage-class') ?? 'STANDARD' }
}

/** `storageClasses`. */
export const STORAGE_CLASSES: readonly ContractCase[] = [
  ...refusedCases({
    id: 'guard-class-other',
    says: 'a storage class that is not in the list is refused',
    fields: [['x-amz-storage-class', 'GLACIER_IR']],
    answer: REFUSED,
  }),
  ...refusedCases({
    id: 'guard-archive-none',
    says: 'without STANDARD in the list a write that names no class is refused',
    answer: REFUSED,
  }),
  {
    id: 'guard-class-none',
    says: 'a write that names no class is STANDARD',
    source: 'docs/configuration.md, Guards',
    run: (run) => storedIn(run, {}),
    aws: { ...SEALED, class: 'STANDARD' },
  },
  {
    id: 'guard-archive-named',
    says: 'a class of the list is written',
    source: 'docs/configuration.md, Guards',
    run: (run) => storedIn(run, { fields: [['x-amz-storage-class', 'GLACIER_IR']] }),
    aws: { ...SEALED, class: 'GLACIER_IR' },
    differs: {
      rgw: {
        see: { ...refused('400 InvalidArgument'), class: 'STANDARD' },
        cause: 'RGW 16 has the class STANDARD unless its zone has others',
      },
    },
  },
]
