import { deepStrictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../support/report.ts'
import { pythonWith } from './python-venv.ts'

const run = promisify(execFile)
const DUCKDB = 'duckdb==2.0.1'

const TYPES: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  int: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
}

const PROGRAM = `
import duckdb, json, sys
setup, query = json.load(sys.stdin)
db = duckdb.connect()
db.execute(setup)
print(json.dumps(db.execute(query).fetchall(), default=str))
`

/** Runs the page's table and query over audit.jsonl of the folder, with the types of the DDL. */
export async function checkSql(report: Report, folder: string, sql: string): Promise<void> {
  const [, columns = '', query = ''] =
    /CREATE EXTERNAL TABLE sealgate_audit \((.*?)\n\)\nROW FORMAT.*?;\n(.*);/s.exec(sql) ?? []
  const names = fieldNames()
  // One column a match; a struct is one type.
  const pairs = [...columns.matchAll(/`(\w+)` (struct<[^>]*>|array<string>|\w+)/g)]
  const list = pairs.map(
    ([, name = '', type = '']) => `${cased(names, name)}: '${duckType(names, type)}'`,
  )
  const file = join(folder, 'audit.jsonl')
  const source = `read_json('${file}', format = 'newline_delimited', columns = {${list.join(', ')}})`
  const ask = (text: string) => askDuckDb(`CREATE TABLE sealgate_audit AS FROM ${source}`, text)
  await report.check('sql', 'every line is a row, and every value has its column', async () => {
    const lines = readFileSync(file, 'utf8').trim().split('\n').length
    deepStrictEqual(await ask('SELECT count(*) FROM sealgate_audit'), [[lines]])
    const facts = `SELECT operation, status, decision, objectsize, confirmedencryption.algorithm
      FROM sealgate_audit WHERE record IS NULL ORDER BY operation, key`
    deepStrictEqual(await ask(facts), [
      ['DeleteObjects', 200, 'allow', null, null],
      ['PutObject', 200, 'allow', 1, 'AES256'],
      ['PutObject', 403, 'none', null, null],
      ['PutObject', 200, 'allow', 1, 'aws:kms'],
    ])
    const keys = `SELECT key, result FROM sealgate_audit WHERE record = 'key'`
    deepStrictEqual(await ask(keys), [['sealed', 'deleted']])
  })
  await report.check('sql', "the page's query counts objects by key", async () => {
    const rows = await ask(query)
    deepStrictEqual(rows.length, 2, JSON.stringify(rows))
    deepStrictEqual(
      rows.map((row) => row.slice(1)),
      [
        [1, 1],
        [1, 1],
      ],
    )
  })
}

/** Athena's names have no case; DuckDB looks for a field as it is spelt. */
function fieldNames(): ReadonlyMap<string, string> {
  const page = readFileSync('docs/operations.md', 'utf8')
  const words = [...page.matchAll(/`(\w+)`/g)].map(([, word = '']) => word)
  const nested = ['algorithm', 'keyId', 'bucketKey', 'versionId']
  return new Map([...words, ...nested].map((word) => [word.toLowerCase(), word]))
}

function cased(names: ReadonlyMap<string, string>, name: string): string {
  const found = names.get(name)
  if (found === undefined) throw new Error(`${name} is no field of docs/operations.md`)
  return found
}

function duckType(names: ReadonlyMap<string, string>, type: string): string {
  const struct = /^struct<(.*)>$/.exec(type)?.[1]
  if (struct !== undefined) {
    const fields = struct.split(/, */).map((field) => {
      const [name = '', inner = ''] = field.split(':')
      return `"${cased(names, name)}" ${duckType(names, inner)}`
    })
    return `STRUCT(${fields.join(', ')})`
  }
  if (type === 'array<string>') return 'VARCHAR[]'
  const found = TYPES[type]
  if (found === undefined) throw new Error(`no type ${type}`)
  return found
}

async function askDuckDb(setup: string, query: string): Promise<readonly (readonly unknown[])[]> {
  const python = await pythonWith(DUCKDB)
  const input = join(tmpdir(), `sealgate-duckdb-${process.pid}.json`)
  writeFileSync(input, JSON.stringify([setup, query]))
  const { stdout } = await run('/bin/sh', ['-c', '"$0" -c "$1" < "$2"', python, PROGRAM, input])
  const rows: unknown = JSON.parse(stdout)
  if (!Array.isArray(rows)) throw new Error(stdout)
  return rows
}
