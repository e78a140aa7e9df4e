/**
 * Why a command of a page cannot run on a machine of ours. The list is closed: a block has one of
 * these reasons or is run.
 */
export const EXCUSES = {
  'needs AWS': "it is about what S3's own policies deny; the embedded S3 has no IAM",
  'needs a cluster':
    'kubectl and helm; `npm run test:cluster` and `test:deploy` apply and render the same files',
  'needs a container engine':
    '`npm run test:deploy` follows the steps of deploy/Dockerfile without one',
  measures: 'minutes to hours on a quiet machine, for figures',
} as const

/**
 * Who runs a block of `sh` as it stands on its page: `recipes`, the suite `npm run test:recipes`, which
 * fails if it has left one out; `named`, a group of that suite that has to be named; `ci`, .ci/run or
 * .ci/start; a test file of `npm test`. Or nobody, with the reason.
 */
export type WhereRun =
  | 'recipes'
  | 'named'
  | 'ci'
  | { readonly test: string }
  | { readonly not: keyof typeof EXCUSES }

/** A row for each block, in the order of the page: the heading above it, and who runs it. */
type Row = readonly [heading: string, where: WhereRun]

const NEEDS_AWS = { not: 'needs AWS' } as const
const NEEDS_CLUSTER = { not: 'needs a cluster' } as const
const NEEDS_ENGINE = { not: 'needs a container engine' } as const
const MEASURES = { not: 'measures' } as const

/** Every block of `sh` of README and docs/. */
export const WHERE_RUN: Readonly<Record<string, readonly Row[]>> = {
  'README.md': [['Two commands', 'ci'], ...times(5, ['A tour', 'recipes'])],
  'docs/applications.md': [
    ['Four variables', 'recipes'],
    ['Does it work?', 'recipes'],
    ['On your own machine', 'ci'],
    ['On your own machine', 'recipes'],
  ],
  'docs/audit-recipes.md': [
    ['Tell lines apart', 'recipes'],
    ["Where nothing is under the policy's key", 'recipes'],
    ...times(3, ['To S3 with Object Lock', 'recipes']),
    ['OCSF', 'recipes'],
  ],
  'docs/benchmarks.md': [['How to run it', MEASURES]],
  'docs/deploy-egress.md': [
    ...times(2, ['1. A CA for this purpose only', 'recipes']),
    ...times(2, ['2. Configuration', 'recipes']),
    ...times(2, ['4. First upload', 'recipes']),
  ],
  'docs/deploy-gateway.md': [
    ...times(2, ['2. The image', NEEDS_ENGINE]),
    ...times(2, ['3. Configuration, secrets, certificate', 'recipes']),
    ['With Helm instead', NEEDS_CLUSTER],
    ...times(2, ['4. Apply', NEEDS_CLUSTER]),
    ...times(3, ['5. First upload', 'recipes']),
    ['6. From observing to enforcing', 'recipes'],
    ['7. The only way in', NEEDS_AWS],
    ['9. An audit trail that proves itself', 'recipes'],
    ...times(2, ['9. An audit trail that proves itself', NEEDS_CLUSTER]),
    ['9. An audit trail that proves itself', 'recipes'],
  ],
  'docs/deploy-sidecar.md': [
    ['2. Try the example', 'recipes'],
    ['2. Try the example', NEEDS_CLUSTER],
    ...times(3, ['4. Or let a webhook add it', NEEDS_CLUSTER]),
  ],
  'docs/evidence.md': [
    ...times(2, ['The tree', 'recipes']),
    ['Verifying', 'recipes'],
    ['Reports', 'recipes'],
    ['One object', 'recipes'],
    ["Beside S3's own records", 'recipes'],
    ['The page', 'recipes'],
    ['One line, proved', 'recipes'],
    ['By hand', { test: 'test/trail/by-hand.test.ts' }],
  ],
  'docs/explain-and-test.md': [['Testing the policy: `explain` and `test`', 'recipes']],
  'docs/fips.md': [['What to set', 'named']],
  'docs/operations.md': times(2, ['Traces', 'named']),
  'docs/profile-backups.md': [
    ...times(2, ['The configuration', 'recipes']),
    ...times(3, ['restic', 'recipes']),
    ['pgBackRest', 'recipes'],
    ['Barman', 'named'],
  ],
  'docs/profile-ci-tokens.md': [
    ...times(2, ['The configuration', 'recipes']),
    ...times(4, ['In the job', 'recipes']),
  ],
  'docs/profile-registry.md': [
    ['The configuration', 'recipes'],
    ...times(3, ['Push and pull', 'recipes']),
  ],
  'docs/profile-sandboxes.md': [
    ['The configuration', 'recipes'],
    ...times(2, ['Start a sandbox', 'recipes']),
    ...times(3, ['In the sandbox', 'recipes']),
    ['End it', 'recipes'],
    ['Who did what', 'recipes'],
  ],
  'docs/profile-terraform-state.md': [
    ...times(2, ['The configuration', 'recipes']),
    ['The backend', 'recipes'],
  ],
  'docs/rotate.md': [...times(2, ["A client's secret", 'recipes']), ['A certificate', 'recipes']],
  'docs/sandbox.md': [
    ['In your own tests', 'recipes'],
    ['For tests', 'recipes'],
  ],
  'docs/sweep.md': [
    ['Objects that were there before', 'recipes'],
    ['Doing it: run', 'recipes'],
    ['Done? status, report, verify', 'recipes'],
  ],
}

function times(count: number, row: Row): readonly Row[] {
  return Array.from({ length: count }, () => row)
}
