import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WHERE_RUN } from '../docs/where-run.ts'
import { installPackages } from '../support/packages.ts'
import { readBlocks } from '../support/pages.ts'
import { Report } from '../support/report.ts'
import { APPLICATIONS } from './applications.ts'
import { AUDIT_RECIPES, COLLECTOR } from './audit-recipes.ts'
import { EGRESS } from './egress.ts'
import { EVIDENCE } from './evidence.ts'
import { EXPLAIN } from './explain.ts'
import { FIPS } from './fips.ts'
import { GATEWAY } from './gateway.ts'
import type { Group } from './group.ts'
import { blockId, PageShell } from './page-shell.ts'
import { BACKUPS, BARMAN } from './profile-backups.ts'
import { CI_TOKENS } from './profile-ci-tokens.ts'
import { REGISTRY } from './profile-registry.ts'
import { SANDBOXES } from './profile-sandboxes.ts'
import { OPEN_TOFU, TERRAFORM_STATE } from './profile-terraform-state.ts'
import { ROTATE } from './rotate.ts'
import { SIDECAR } from './sidecar.ts'
import { SWEEP } from './sweep.ts'
import { TRACES } from './traces.ts'

/*
 * The pages as their readers follow them: their commands as they stand there, with the machine's shell and
 * Debian's programs, against the embedded S3. `npm run test:recipes`, or with names of groups behind
 * `--`; `-v` prints each check. The last line is `N passed, N failed`.
 */

const GROUPS: readonly Group[] = [
  APPLICATIONS,
  EXPLAIN,
  AUDIT_RECIPES,
  EVIDENCE,
  SWEEP,
  ROTATE,
  GATEWAY,
  SIDECAR,
  EGRESS,
  SANDBOXES,
  CI_TOKENS,
  TERRAFORM_STATE,
  OPEN_TOFU,
  REGISTRY,
  BACKUPS,
  BARMAN,
  TRACES,
  FIPS,
  COLLECTOR,
]

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const folder = mkdtempSync(join(tmpdir(), 'sealgate-recipes-'))
const report = new Report(print, process.argv.includes('-v'))
try {
  const unknown = names.filter((name) => !GROUPS.some((group) => group.name === name))
  if (unknown.length > 0) throw new Error(`no group ${unknown.join(', ')}`)
  const chosen = GROUPS.filter(({ name, isNamed }) =>
    names.length === 0 ? isNamed !== true : names.includes(name),
  )
  await installPackages([...new Set(chosen.flatMap(({ packages }) => packages))], print)
  for (const group of chosen) await runGroup(group)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
print(report.summary())
process.exitCode = report.count('failed') === 0 ? 0 : 1

/** Runs a group, and sees that it has left out none of its pages' blocks. */
async function runGroup({ name, pages, isNamed, check }: Group): Promise<void> {
  const ran = new Set<string>()
  const own = join(folder, name)
  mkdirSync(own)
  await report.check(name, 'the group runs to its end', () =>
    check(report, new PageShell(own, ran)),
  )
  const where = isNamed === true ? 'named' : 'recipes'
  await report.check(name, 'every command of its pages was run', async () => {
    const left = pages.flatMap((page) =>
      readBlocks(page)
        .filter(({ language }) => language === 'sh')
        .filter((block, i) => WHERE_RUN[page]?.[i]?.[1] === where && !ran.has(blockId(block))),
    )
    if (left.length > 0) throw new Error(left.map(({ text }) => text).join('\n'))
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
