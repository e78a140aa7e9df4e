import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  buildClientJsonSchema,
  buildJsonSchema,
  formatJsonSchema,
} from '../../src/config/json-schema.ts'

t.test('the files of schemas are what the code says (npm run schema)', async (t) => {
  for (const [name, schema] of [
    ['sealgate', buildJsonSchema()],
    ['client', buildClientJsonSchema()],
  ] as const) {
    t.equal(readFileSync(`config/${name}.schema.json`, 'utf8'), formatJsonSchema(schema), name)
  }
})

t.test('the schema of a client accepts those of the examples, one by one', async (t) => {
  const schema = z.fromJSONSchema(buildClientJsonSchema())
  for (const name of ['sandbox', 'sidecar', 'gateway', 'egress']) {
    for (const client of parse(readFileSync(`config/${name}.yaml`, 'utf8')).clients) {
      t.match(schema.safeParse(client), { success: true }, `${name}: ${client.name}`)
      t.match(schema.safeParse({ ...client, bucket: 'a' }), { success: false }, 'unknown key')
      const { name: _, ...nameless } = client
      t.match(schema.safeParse(nameless), { success: false }, 'no name')
    }
  }
})

t.test('the schema accepts the example files and finds faults in them', async (t) => {
  const schema = z.fromJSONSchema(buildJsonSchema())
  for (const name of ['sandbox', 'sidecar', 'gateway', 'egress']) {
    const file = parse(readFileSync(`config/${name}.yaml`, 'utf8'))
    t.match(schema.safeParse(file), { success: true }, name)
    t.match(schema.safeParse({ ...file, listn: [] }), { success: false }, `${name}: unknown key`)
    t.match(schema.safeParse({ ...file, version: 2 }), { success: false }, `${name}: version`)
    const drain = { deadline: '5 minutes' }
    t.match(schema.safeParse({ ...file, drain }), { success: false }, `${name}: duration`)
    const { policy: _, ...rest } = file
    t.match(schema.safeParse(rest), { success: false }, `${name}: no policy`)
  }
})

t.test('unknown keys are errors at every level', async (t) => {
  const open: string[] = []
  walk(buildJsonSchema(), '', ({ properties, additionalProperties }, path) => {
    if (properties !== undefined && additionalProperties !== false) open.push(path)
  })
  t.strictSame(open, [])
})

t.test('where a form is asked of a text, a reference to the environment will do', async (t) => {
  const patterns: string[] = []
  walk(buildJsonSchema(), '', ({ pattern }, path) => {
    if (typeof pattern === 'string' && !path.endsWith('propertyNames')) patterns.push(pattern)
  })
  t.ok(patterns.length > 3)
  for (const pattern of patterns) t.match('$' + '{env:NAME}', new RegExp(pattern))
  for (const pattern of patterns) t.notMatch('$' + '{NAME}', new RegExp(pattern))
})

t.test('every key that is not a bare group has a description', async (t) => {
  const silent: string[] = []
  walk(buildJsonSchema(), '', ({ type, const: constant, description, $ref }, path) => {
    const isValue = /\.properties\.[^.]+$/.test(path) && type !== 'object' && constant === undefined
    const isExplained = description !== undefined || $ref !== undefined
    if (isValue && !isExplained && !/\.source$|\.match\./.test(path)) silent.push(path)
  })
  t.strictSame(silent, [])
})

interface Node {
  readonly properties?: unknown
  readonly additionalProperties?: unknown
  readonly pattern?: unknown
  readonly type?: unknown
  readonly const?: unknown
  readonly description?: unknown
  readonly $ref?: unknown
}

function walk(value: unknown, path: string, visit: (node: Node, path: string) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) visit({ ...value }, path)
  for (const [name, child] of Object.entries(value)) walk(child, `${path}.${name}`, visit)
}
