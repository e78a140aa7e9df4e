import t from 'tap'
import { readSelectingHeaders } from '../../src/s3/selecting-headers.ts'

const NONE = {
  hasCopySource: false,
  hasRenameSource: false,
  hasObjectAttributes: false,
  hasOrigin: false,
  hasRequestMethod: false,
  isForm: false,
  isS3Control: false,
  hasAutoExtract: false,
  duplicate: undefined,
}

t.test('each header is found by its name, and no other of the same length', async (t) => {
  const rows = [
    ['x-amz-copy-source', { hasCopySource: true }],
    ['x-amz-rename-source', { hasRenameSource: true }],
    ['x-amz-object-attributes', { hasObjectAttributes: true }],
    ['origin', { hasOrigin: true }],
    ['access-control-request-method', { hasRequestMethod: true }],
    ['x-amz-account-id', { isS3Control: true }],
    ['x-amz-outpost-id', { isS3Control: true }],
    ['x-amz-meta-snowball-auto-extract', { hasAutoExtract: true }],
    ['x-amz-snowball-auto-extract', { hasAutoExtract: true }],
    ['x-amz-copy-sourcf', {}],
    ['x-amz-storage-class', {}],
    ['cookie', {}],
  ] as const
  t.strictSame(readSelectingHeaders([]), NONE)
  for (const [name, expected] of rows) {
    const headers = ['host', 'localhost', name, 'value', 'accept', '*/*']
    t.strictSame(readSelectingHeaders(headers), { ...NONE, ...expected }, name)
  }
})

t.test('a form is known by its content type', async (t) => {
  const rows = [
    ['multipart/form-data; boundary=x', true],
    ['Multipart/Form-Data', true],
    ['multipart/form-data ;boundary=x', true],
    ['multipart/form-data, text/plain', false],
    ['multipart/form-datax', false],
    ['text/plain; multipart/form-data', false],
    ['', false],
  ] as const
  for (const [value, isForm] of rows) {
    t.strictSame(readSelectingHeaders(['content-type', value]), { ...NONE, isForm }, value)
  }
})

t.test('a selecting header that is there twice is named', async (t) => {
  for (const name of ['x-amz-copy-source', 'x-amz-rename-source', 'content-type', 'origin']) {
    t.equal(readSelectingHeaders([name, 'a', 'host', 'h', name, 'b']).duplicate, name)
  }
  const list = ['x-amz-object-attributes', 'ETag', 'x-amz-object-attributes', 'ObjectSize']
  t.equal(readSelectingHeaders(list).duplicate, undefined, 'a list may be sent in two fields')
})
