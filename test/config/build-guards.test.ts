import t from 'tap'
import { buildGuards } from '../../src/config/build-guards.ts'
import { KEY_ARN, loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildGuards, 'function')

function rule(guards: unknown) {
  return { ...SOUND, policy: { rules: [{ name: 'r', encrypt: { keyId: KEY_ARN }, guards }] } }
}

t.test('all guards are taken', async (t) => {
  const { policy } = await loaded(rule({ publicAcl: 'refuse', storageClasses: ['STANDARD'] }))
  t.match(policy.rules[0]?.guards, {
    publicAcl: 'refuse',
    storageClasses: new Set(['STANDARD']),
  })
})

t.test('tags, sizes, checksums and retentions are taken', async (t) => {
  const tags = ['team', { key: 'env', values: ['prod', 'test'] }]
  const objectLock = { mode: 'COMPLIANCE', days: 30 }
  const raw = { tags, maxBytes: '5GiB', checksum: ['SHA256'], objectLock }
  t.match((await loaded(rule(raw))).policy.rules[0]?.guards, {
    tags: [
      { key: 'team', values: undefined },
      { key: 'env', values: new Set(['prod', 'test']) },
    ],
    maxBytes: 5 * 2 ** 30,
    checksum: new Set(['SHA256']),
    objectLock,
  })
  const guardsOf = async (raw: unknown) => (await loaded(rule(raw))).policy.rules[0]?.guards
  t.match(await guardsOf({ maxBytes: 100, checksum: 'required' }), {
    maxBytes: 100,
    checksum: 'required',
  })
})

t.test('guards that cannot be meant are errors', async (t) => {
  for (const [raw, expected] of [
    [{ maxBytes: 0 }, /maxBytes: must be from 1 byte/],
    [{ maxBytes: '5 GiB' }, /maxBytes: write a number of bytes, or a number and a unit/],
    [{ maxBytes: '51000GB' }, /maxBytes: must be from 1 byte/],
    [{ tags: ['team', 'team'] }, /tags\[1\]: duplicate/],
    [{ tags: [] }, /must name at least one/],
    [{ checksum: ['crc32'] }, /checksum: must be required, or a list of CRC32/],
    [{ objectLock: { mode: 'GOVERNANCE' } }, /objectLock.days/],
    [{ objectLock: { mode: 'LEGAL', days: 1 } }, /objectLock.mode/],
  ] as const) {
    t.match(await problems(rule(raw)), [expected], JSON.stringify(raw))
  }
})

t.test('guards that guard nothing are errors', async (t) => {
  t.match(await problems(rule({})), ['policy.rules[0].guards: is empty; remove it'])
  t.match(await problems(rule({ publicAcl: 'allow' })), [/publicAcl: must be refuse/])
  t.match(await problems(rule({ storageClasses: [] })), [/must name at least one/])
  t.match(await problems(rule({ storageClasses: ['standard'] })), [/must be a storage class/])
  t.match(await problems(rule({ publicAcl: 'refuse', storageClass: [] })), [
    /did you mean storageClasses/,
  ])
})
