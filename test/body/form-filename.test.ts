import t from 'tap'
import { expandFilename } from '../../src/body/form-filename.ts'

const PLACE = '$' + '{filename}'

for (const [value, filename, expected] of [
  [`user/${PLACE}`, 'a.txt', 'user/a.txt'],
  [`${PLACE}-${PLACE}`, 'a', 'a-a'],
  [PLACE, 'C:\\Program Files\\directory1\\file.txt', 'file.txt'],
  [PLACE, '../../etc/passwd', 'passwd'],
  [PLACE, 'a\\b/c', 'c'],
  [PLACE, '', ''],
  [PLACE, "$&$1$'", "$&$1$'"],
  [PLACE, PLACE, PLACE],
  [PLACE, undefined, PLACE],
  ['$filename', 'a', '$filename'],
] as const) {
  t.test(`${value} with ${filename} is ${expected}`, async (t) => {
    t.equal(expandFilename(value, filename), expected)
  })
}
