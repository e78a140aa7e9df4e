import t from 'tap'
import { parseQuirk, quirkForms } from '../../src/sandbox/quirks.ts'

t.test('each form that is told can be parsed', async (t) => {
  for (const form of quirkForms()) {
    const [name = '', value] = form.replace('=N', '=7').replace('=ARN', '=arn:x').split('=')
    const expected = value === '7' ? 7 : (value ?? true)
    t.strictSame(parseQuirk(form.replace('=N', '=7').replace('=ARN', '=arn:x')), {
      [name]: expected,
    })
  }
})

t.test('what is no quirk is none', async (t) => {
  for (const text of [
    '',
    'silent',
    'silentPut=',
    'slowDown',
    'slowDown=',
    'slowDown=0',
    'slowDown=x',
  ]) {
    t.equal(parseQuirk(text), undefined, text)
  }
  for (const text of ['wrongKey', 'wrongKey=', 'constructor', '__proto__=1', 'slowDown=12345678']) {
    t.equal(parseQuirk(text), undefined, text)
  }
})
