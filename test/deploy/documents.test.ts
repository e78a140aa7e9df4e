import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { PAGES, readBlocks } from '../support/pages.ts'

const DOCUMENTS = ['docs/deploy-gateway.md', 'docs/deploy-sidecar.md', 'docs/deploy-egress.md']

interface RuleGroup {
  readonly rules: readonly {
    readonly alert?: string
    readonly annotations?: Readonly<Record<'runbook_url', string>>
  }[]
}

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Principal?: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The blocks of one language, in their order. */
function textsOf(document: string, language: string): readonly string[] {
  return readBlocks(document).flatMap((block) => (block.language === language ? [block.text] : []))
}

/** Statements of every JSON block: policies, and single statements. */
function readStatements(document: string): readonly Statement[] {
  return textsOf(document, 'json').flatMap((text) => {
    const value = JSON.parse(text)
    return value.Statement ?? [value]
  })
}

for (const document of DOCUMENTS) {
  t.test(`${document}: the policies are well-formed`, async (t) => {
    const statements = readStatements(document)
    t.ok(statements.length > 0)
    for (const statement of statements) {
      t.match(statement.Effect, /^(Allow|Deny)$/)
      for (const action of [statement.Action].flat())
        t.match(action, /^(s3|kms|sts):(\*|[A-Z]\w+)$/)
      for (const resource of [statement.Resource ?? []].flat()) t.match(resource, /^(\*|arn:aws:)/)
      for (const operator of Object.keys(statement.Condition ?? {})) {
        t.match(operator, /^(String|Arn)(Not)?(Equals|Like)(IfExists)?$|^Bool$|^Null$/)
      }
    }
  })

  t.test(`${document}: a resource fits its actions`, async (t) => {
    const objectActions = /^s3:(\w*Object\w*|AbortMultipartUpload|ListMultipartUploadParts)$/
    for (const { Action, Resource } of readStatements(document)) {
      if (Resource === undefined || Resource === '*') continue
      for (const action of [Action].flat().filter((name) => /^s3:\w/.test(name))) {
        const needsObject = objectActions.test(action)
        const hasObject = [Resource].flat().every((resource) => resource.includes('/'))
        t.equal(hasObject, needsObject, `${action} on ${Resource}`)
      }
    }
  })

  t.test(`${document}: the YAML blocks are YAML`, async (t) => {
    for (const text of textsOf(document, 'yaml')) t.type(parse(text), 'object')
  })
}

for (const document of PAGES) {
  t.test(`${document}: links and files that it names are there`, async (t) => {
    const text = readFileSync(document, 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      t.ok(existsSync(join(dirname(document), link)), link)
    }
    for (const [path] of text.matchAll(/\bdeploy\/[\w/.-]*\w/g)) t.ok(existsSync(path), path)
  })

  t.test(`${document}: links to headings lead there`, async (t) => {
    const text = readFileSync(document, 'utf8')
    for (const [, page = '', anchor = ''] of text.matchAll(/\]\(([^):#]*)#([^)]+)\)/g)) {
      const target = page === '' ? document : join(dirname(document), page)
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)]
      const anchors = headings.map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      )
      t.ok(anchors.includes(anchor), `${page}#${anchor}`)
    }
  })
}

t.test('every alert is explained on the gateway page', async (t) => {
  const text = readFileSync('docs/deploy-gateway.md', 'utf8')
  const { spec } = parse(readFileSync('deploy/prometheus/prometheus-rule.yaml', 'utf8'))
  for (const { rules } of spec.groups) {
    for (const { alert } of rules)
      if (alert !== undefined) t.ok(text.includes(`\`${alert}\``), alert)
  }
})

t.test('every alert leads to its heading in docs/operations.md', async (t) => {
  const headings = readFileSync('docs/operations.md', 'utf8').match(/^### Sealgate\w+$/gm) ?? []
  const { spec } = parse(readFileSync('deploy/prometheus/prometheus-rule.yaml', 'utf8'))
  const alerts: string[] = []
  for (const { alert, annotations } of spec.groups.flatMap(({ rules }: RuleGroup) => rules)) {
    if (alert === undefined) continue
    alerts.push(`### ${alert}`)
    t.ok(annotations?.runbook_url.endsWith(`/docs/operations.md#${alert.toLowerCase()}`), alert)
  }
  t.strictSame([...headings].sort(), alerts.sort())
})

t.test('the bucket policy closes the door to everybody but Sealgate', async (t) => {
  const statements = readStatements('docs/deploy-gateway.md')
  const denied = statements.filter(
    ({ Effect, Principal }) => Effect === 'Deny' && Principal === '*',
  )
  const conditions = denied.map(({ Condition }) => Object.keys(Condition ?? {}).join())
  t.strictSame(conditions, ['StringNotEquals', 'ArnNotEqualsIfExists', 'ArnNotEquals', 'Bool'])
  for (const { Principal, Effect, Condition } of denied) {
    t.ok(Principal === '*' && Effect === 'Deny' && Condition !== undefined)
  }
})
