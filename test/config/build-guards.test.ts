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

t.test('guards that guard nothing are errors', async (t) => {
  t.match(await problems(rule({})), ['policy.rules[0].guards: is empty; remove it'])
  t.match(await problems(rule({ publicAcl: 'allow' })), [/publicAcl: must be refuse/])
  t.match(await problems(rule({ storageClasses: [] })), [/must name at least one/])
  t.match(await problems(rule({ storageClasses: ['standard'] })), [/must be a storage class/])
  t.match(await problems(rule({ publicAcl: 'refuse', storageClass: [] })), [
    /did you mean storageClasses/,
  ])
})
