import { readFileSync, writeFileSync } from 'node:fs'
import { REASONS_PAGE, withReasons } from './reasons-page.ts'

// `npm run reasons`
writeFileSync(REASONS_PAGE, withReasons(readFileSync(REASONS_PAGE, 'utf8')))
