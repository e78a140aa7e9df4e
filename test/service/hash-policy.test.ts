import t from 'tap'
import { hashPolicy } from '../../src/service/hash-policy.ts'
import { loaded, SOUND } from '../support/load-config.ts'

t.test('the name of a policy depends on what it says, not on how it is written', async (t) => {
  const { policy } = await loaded(SOUND)
  const [rule] = SOUND.policy.rules
  const written = { confirmation: 'fail', rules: [{ match: { keys: ['*'] }, ...rule }] }
  t.match(hashPolicy(policy), /^sha256:[0-9a-f]{64}$/)
  t.equal(hashPolicy((await loaded({ ...SOUND, policy: written })).policy), hashPolicy(policy))
  for (const other of [
    { mode: 'observe', rules: [rule] },
    { rules: [{ ...rule, match: { keys: ['a*'] } }] },
    { rules: [{ ...rule, name: 'other' }] },
  ]) {
    t.not(hashPolicy((await loaded({ ...SOUND, policy: other })).policy), hashPolicy(policy))
  }
})
