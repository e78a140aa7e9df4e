import { equal, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { administrator, allUnderKey } from './embedded.ts'
import type { Group } from './group.ts'
import { type ProfileScene, withProfile } from './with-profile.ts'

const PAGE = 'docs/profile-backups.md'
const BUCKET = 'backups'
const PROFILE = {
  page: PAGE,
  file: 'config/profiles/backups.yaml',
  buckets: ['other'],
  accessKeyId: 'SGBACKUP00000000001',
  secretFiles: ['/run/secrets/sealgate/backup'],
} as const
const DAY_MS = 86_400_000

/** docs/profile-backups.md with Debian's programs: a backup, an intruder with its keys, and the way back. */
export const BACKUPS: Group = {
  name: 'backups',
  pages: [PAGE],
  packages: ['awscli', 'restic', 'pgbackrest'],
  check: (report, shell) =>
    withProfile(report, shell, PROFILE, async (scene) => {
      await checkRestic(report, scene)
      await checkPgBackRest(report, scene)
    }),
}

/** Its Barman, which depends on the libraries of three clouds. */
export const BARMAN: Group = {
  name: 'barman',
  pages: [PAGE],
  packages: ['awscli', 'barman-cli-cloud'],
  isNamed: true,
  check: (report, shell) =>
    withProfile(report, shell, PROFILE, (scene) => checkBarman(report, scene)),
}

async function checkRestic(report: Report, scene: ProfileScene): Promise<void> {
  const { shell, sandbox, sealgate, program, withKeys } = scene
  const [backUp, intrude, mend] = blocksUnder(PAGE, 'restic', 'sh', 3)
  if (backUp === undefined || intrude === undefined || mend === undefined) return
  mkdirSync(shell.path('documents'))
  writeFileSync(shell.path('documents/large'), randomBytes(30 << 20))
  writeFileSync(shell.path('documents/small'), 'small')
  writeFileSync(shell.path('password'), 'correct horse battery staple')
  await report.check('backups', 'restic backs up, checks, restores and prunes', async () => {
    await shell.run(backUp, program)
    const same = await shell.execute(
      'diff -r documents "restored/documents" || diff -r documents restored$PWD/documents',
    )
    equal(same.code, 0, same.output)
  })
  await report.check(
    'backups',
    "everything is under the key, and locked but restic's locks",
    async () => {
      ok(allUnderKey(sandbox, BUCKET) > 4)
      for (const key of sandbox.list(BUCKET)) {
        const { retention } = sandbox.inspect(BUCKET, key) ?? {}
        if (key.startsWith('restic/locks/')) continue
        equal(retention?.mode, 'GOVERNANCE', key)
        ok((retention?.until ?? 0) > Date.now() + 29 * DAY_MS, key)
      }
      const locks = sandbox.versions(BUCKET).filter(({ key }) => key.startsWith('restic/locks/'))
      ok(locks.length > 0, 'restic writes locks')
      ok(sealgate.audit().every(({ status }) => Number(status) < 500))
    },
  )
  await report.check('backups', 'an intruder hides, and destroys nothing', async () => {
    const versions = sandbox.versions(BUCKET).filter(({ isDeleteMarker }) => !isDeleteMarker)
    await shell.run(intrude, withKeys)
    const after = sandbox.versions(BUCKET).filter(({ isDeleteMarker }) => !isDeleteMarker)
    equal(after.length, versions.length)
    equal(
      sandbox.list(BUCKET).some((key) => key.startsWith('restic/data/')),
      false,
    )
    const [version] = after.filter(({ key }) => key.startsWith('restic/data/'))
    const object = `--bucket ${BUCKET} --key '${version?.key}' --version-id '${version?.versionId}'`
    for (const bypass of ['', ' --bypass-governance-retention']) {
      const refused = await shell.execute(`aws s3api delete-object ${object}${bypass}`, withKeys)
      ok(refused.code !== 0 && refused.output.includes('AccessDenied'), refused.output)
    }
  })
  await report.check('backups', 'the administrator brings it back', async () => {
    await shell.run(mend, { env: administrator(sandbox) })
    const [variables = '', , , check = ''] = backUp.text.split(/^(?=restic )/m)
    const script = Object.entries(program.replace ?? {}).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      variables + check,
    )
    ok(check.includes('check --read-data'), check)
    const { code, output } = await shell.execute(script, program)
    equal(code, 0, output)
  })
}

/** Whether there is something below the prefix, and all of it retained. */
function isLocked({ sandbox }: ProfileScene, prefix: string): boolean {
  const found = sandbox.list(BUCKET).filter((key) => key.startsWith(prefix))
  const modes = found.map((key) => sandbox.inspect(BUCKET, key)?.retention?.mode)
  allUnderKey(sandbox, BUCKET)
  return modes.length > 0 && modes.every((mode) => mode === 'GOVERNANCE')
}

async function checkPgBackRest(report: Report, scene: ProfileScene): Promise<void> {
  const { shell, sealgate, secret } = scene
  const [ini] = blocksUnder(PAGE, 'pgBackRest', 'text', 1)
  const [commands] = blocksUnder(PAGE, 'pgBackRest', 'sh', 1)
  if (ini === undefined || commands === undefined) return
  await report.check('backups', 'pgBackRest writes and reads its repository', async () => {
    const { port } = new URL(sealgate.url)
    // The page's host has the port of TLS.
    const places = ['repo1-storage-host=localhost', `repo1-storage-port=${port}`]
    const text = ini.text
      .replace('=…', `=${secret}`)
      .replace('/etc/internal-ca/ca.crt', sealgate.caFile)
    writeFileSync(
      shell.path('pgbackrest.conf'),
      `${text}${places.join('\n')}\nlog-path=${shell.folder}\n`,
    )
    const replace = { '/etc/pgbackrest.conf': shell.path('pgbackrest.conf') }
    const listed = await shell.run(commands, { replace })
    ok(listed.includes('first'), listed)
    ok(isLocked(scene, 'postgres/'))
  })
}

async function checkBarman(report: Report, scene: ProfileScene): Promise<void> {
  const { shell, withKeys } = scene
  const [archive] = blocksUnder(PAGE, 'Barman', 'sh', 1)
  if (archive === undefined) return
  await report.check('barman', 'a file of the WAL is archived', async () => {
    mkdirSync(shell.path('wal'))
    writeFileSync(shell.path('wal/000000010000000000000001'), randomBytes(16 << 20))
    await shell.run(archive, withKeys)
    ok(isLocked(scene, 'barman/'))
  })
}
