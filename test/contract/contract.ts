import { ACLS } from './cases/acls.ts'
import { AUTHENTICATION } from './cases/authentication.ts'
import { CONDITIONAL_WRITES } from './cases/conditional-writes.ts'
import { COPY } from './cases/copy.ts'
import { CORS } from './cases/cors.ts'
import { ENCRYPTION_ELSEWHERE } from './cases/encryption-elsewhere.ts'
import { ENCRYPTION_ON_WRITES } from './cases/encryption-on-writes.ts'
import { FORM } from './cases/form.ts'
import { KEYS } from './cases/keys.ts'
import { LISTING } from './cases/listing.ts'
import { LOCKS } from './cases/locks.ts'
import { MULTIPART } from './cases/multipart.ts'
import { OBJECTS } from './cases/objects.ts'
import { PAYLOADS } from './cases/payloads.ts'
import { PRESIGNED } from './cases/presigned.ts'
import { READS } from './cases/reads.ts'
import { UPDATE_ENCRYPTION } from './cases/update-encryption.ts'
import { VERSIONS } from './cases/versions.ts'
import type { ContractCase } from './contract-case.ts'

/** S3's behaviour where this product lives, case by case. */
export const CONTRACT: readonly ContractCase[] = [
  ...ENCRYPTION_ON_WRITES,
  ...ENCRYPTION_ELSEWHERE,
  ...UPDATE_ENCRYPTION,
  ...MULTIPART,
  ...COPY,
  ...FORM,
  ...PRESIGNED,
  ...CORS,
  ...PAYLOADS,
  ...AUTHENTICATION,
  ...LISTING,
  ...READS,
  ...CONDITIONAL_WRITES,
  ...KEYS,
  ...OBJECTS,
  ...VERSIONS,
  ...ACLS,
  ...LOCKS,
]
