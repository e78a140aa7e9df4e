import { readFileSync, writeFileSync } from 'node:fs'
import {
  buildClientJsonSchema,
  buildJsonSchema,
  formatJsonSchema,
} from '../../src/config/json-schema.ts'
import { insertReference } from '../../src/config/reference.ts'

/** Run by `npm run schema` in the project's folder: writes what is derived from the schema. */
const REFERENCE_FILE = 'docs/configuration.md'

writeFileSync('config/sealgate.schema.json', formatJsonSchema(buildJsonSchema()))
writeFileSync('config/client.schema.json', formatJsonSchema(buildClientJsonSchema()))
const document = insertReference(readFileSync(REFERENCE_FILE, 'utf8'))
if (document === undefined) throw new Error(`${REFERENCE_FILE} lacks the lines of the reference`)
writeFileSync(REFERENCE_FILE, document)
