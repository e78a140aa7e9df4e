import t from 'tap'
import { configChanges } from '../../src/config/config-changes.ts'
import { KEY_ARN, loaded, SOUND } from '../support/load-config.ts'

t.test('changes are told by section, and by the names of rules', async (t) => {
  const rule = { name: 'all', encrypt: { keyId: KEY_ARN } }
  const exempt = { name: 'logs', match: { buckets: ['logs'] }, exempt: 'of old age' }
  const before = await loaded({ ...SOUND, policy: { rules: [exempt, rule] } })
  const none = { sections: [], rulesAdded: [], rulesRemoved: [], rulesChanged: [] }
  t.strictSame(configChanges(before, before), none)
  const changed = { ...rule, match: { buckets: ['b'] } }
  const more = { name: 'more', encrypt: { keyId: KEY_ARN } }
  const policy = { rules: [changed, more] }
  t.strictSame(configChanges(before, await loaded({ ...SOUND, log: { level: 'warn' }, policy })), {
    sections: ['log', 'policy'],
    rulesAdded: ['more'],
    rulesRemoved: ['logs'],
    rulesChanged: ['all'],
  })
})
