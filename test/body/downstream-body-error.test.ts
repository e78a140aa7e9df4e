import t from 'tap'
import { DownstreamBodyError } from '../../src/body/downstream-body-error.ts'

t.test('a client that disconnected and one that is silent are told apart', async (t) => {
  t.match(new DownstreamBodyError('aborted'), { kind: 'aborted', message: /disconnected/ })
  t.match(new DownstreamBodyError('idle'), { kind: 'idle', message: /too long/ })
})
