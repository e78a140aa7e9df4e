#!/usr/bin/env node
// Makes what a release consists of in release/, and checks it: the tarball, its checksums, a software bill
// of materials, an unsigned provenance statement, the notes. `npm run release:check`; the last line is
// `N passed, N failed`. It publishes nothing.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = 'release'
const TARBALL_BYTES_MAX = 8 * 1024 * 1024
/** Licences that Apache-2.0 programs may bring along. */
const LICENCES = /^(Apache-2\.0|MIT|MIT-0|ISC|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|\(.*\))$/

const problems = []
let passed = 0

function run(program, args) {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

/** Prints a line for a check; what it returns or throws are its findings. */
function check(name, body) {
  let findings
  try {
    findings = [body() ?? []].flat()
  } catch (error) {
    findings = [error.message]
  }
  if (findings.length === 0) passed += 1
  else problems.push(name)
  process.stdout.write(`${findings.length === 0 ? 'ok      ' : 'not ok  '}${name}\n`)
  for (const finding of findings) process.stdout.write(`          ${finding}\n`)
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** Files that name a version that a release changes: manifests, pages, the chart. */
function versionsNamed() {
  const files = run('git', ['ls-files', 'deploy', 'docs/deploy-*.md', 'docs/operations.md'])
  const patterns = [
    /\bnewTag: (\S+)/g,
    /^(?:appVersion|version): (\d+\.\d+\.\d+)$/gm,
    /sealgate:(\d+\.\d+\.\d+)/g,
    /--build-arg VERSION=(\S+)/g,
    /[?]ref=v(\S+)/g,
  ]
  return files
    .trim()
    .split('\n')
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return patterns.flatMap((pattern) =>
        [...text.matchAll(pattern)].map(([, version]) => ({ file, version })),
      )
    })
}

/** The list `licenses`, as packages had it long ago: npm sbom does not read it. */
function oldLicence(dependency) {
  const { licenses } = JSON.parse(readFileSync(join('node_modules', dependency, 'package.json'), 'utf8'))
  return licenses?.[0]?.type ?? 'none'
}

/** The section of a version in CHANGELOG.md, without its heading. */
function notesOf(version) {
  const text = readFileSync('CHANGELOG.md', 'utf8')
  const [, rest] = text.split(new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm'))
  return rest?.split(/^## /m)[0]?.trim()
}

const root = JSON.parse(readFileSync('package.json', 'utf8'))
const { name, version } = root
const commit = run('git', ['rev-parse', 'HEAD']).trim()
const tarball = join(FOLDER, `${name}-${version}.tgz`)
rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER)

check('nothing is uncommitted', () => run('git', ['status', '--porcelain']).trim().split('\n').filter(Boolean))
check('the tag is free', () => run('git', ['tag', '--list', `v${version}`]).trim().split('\n').filter(Boolean))
check(`${version} everywhere`, () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const named = [
    { file: 'package-lock.json', version: lock.version },
    { file: 'package-lock.json', version: lock.packages[''].version },
    ...versionsNamed(),
  ]
  return named
    .filter((one) => one.version !== version)
    .map((one) => `${one.file}: ${one.version}`)
})
check('CHANGELOG.md has a section with its date, and notes are made of it', () => {
  const notes = notesOf(version)
  if (!notes) return `no section "## [${version}] - YYYY-MM-DD"`
  writeFileSync(join(FOLDER, 'notes.md'), `# Sealgate ${version}\n\n${notes}\n`)
  return /^### /m.test(notes) ? [] : 'the section has no headings'
})
check('nothing is left under [Unreleased]', () => {
  const text = readFileSync('CHANGELOG.md', 'utf8')
  const [, unreleased = ''] = /^## \[Unreleased\]\n(.*?)^## \[/ms.exec(text) ?? []
  return unreleased.trim() === '' ? [] : `${unreleased.trim().split('\n').length} lines`
})
check('the tarball holds the program, and no tests', () => {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--silent', '--pack-destination', FOLDER]))
  const paths = packed.files.map(({ path }) => path)
  const wanted = [root.bin.sealgate, root.exports['./sandbox'].types, 'LICENSE', 'README.md', 'docs/README.md', 'config/sandbox.yaml']
  return [
    ...wanted.map((path) => path.replace(/^\.\//, '')).filter((path) => !paths.includes(path)).map((path) => `missing: ${path}`),
    ...paths.filter((path) => /(^|\/)(test|node_modules|\.git|\.ci)\/|\.pem$|\.env/.test(path)).slice(0, 5),
    ...(packed.size > TARBALL_BYTES_MAX ? [`${packed.size} bytes`] : []),
    ...(existsSync(tarball) ? [] : [`not written: ${tarball}`]),
  ]
})
check('the bill of materials is whole: each package has a version, a licence and a hash', () => {
  const text = run('npm', ['sbom', '--omit=dev', '--package-lock-only', '--sbom-format=cyclonedx'])
  writeFileSync(join(FOLDER, 'sbom.cdx.json'), text)
  return JSON.parse(text).components.flatMap((component) => {
    const [first] = component.licenses ?? []
    const licence = first?.license?.id ?? first?.expression ?? oldLicence(component.name)
    return [
      ...(component.version ? [] : [`${component.name}: no version`]),
      ...(component.hashes?.length ? [] : [`${component.name}: no hash`]),
      ...(LICENCES.test(licence) ? [] : [`${component.name}: licence ${licence}`]),
    ]
  })
})
check('the provenance statement names tarball, source and build', () => {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${name}-${version}.tgz`, digest: { sha256: sha256(tarball) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'npm pack',
        externalParameters: { version },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit } },
          { name: 'package-lock.json', digest: { sha256: sha256('package-lock.json') } },
        ],
      },
      runDetails: { builder: { id: 'unsigned, on a machine of the releaser', version: { node: process.version } } },
    },
  }
  writeFileSync(join(FOLDER, 'provenance.json'), `${JSON.stringify(statement, null, 2)}\n`)
})
check('checksums', () => {
  const lines = readdirSync(FOLDER).sort().map((file) => `${sha256(join(FOLDER, file))}  ${file}\n`)
  writeFileSync(join(FOLDER, 'SHA256SUMS'), lines.join(''))
  return lines.length < 4 ? ['something is missing'] : []
})
check('the image has its steps', () => {
  const text = readFileSync('deploy/Dockerfile', 'utf8')
  const steps = ['npm ci', 'npm sbom', 'USER 65532:65532', 'org.opencontainers.image.revision', 'HEALTHCHECK']
  return steps.filter((step) => !text.includes(step))
})

process.stdout.write(`${passed} passed, ${problems.length} failed\n`)
process.exitCode = problems.length === 0 ? 0 : 1
