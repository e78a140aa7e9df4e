import t from 'tap'
import { errors } from 'undici'
import { DownstreamBodyError } from '../../src/body/downstream-body-error.ts'
import {
  ConnectFailure,
  EarlySuccess,
  failureKind,
  isBrokenConnection,
  isStaleConnection,
  NoFreeConnection,
  upstreamError,
} from '../../src/upstream/upstream-failure.ts'

const CAUSE = new Error('cause')

function coded(code: string): Error {
  return Object.assign(new Error(code), { code })
}

t.test('each failure has a kind for the metric and an S3 error for the client', async (t) => {
  const rows: readonly (readonly [Error, string | undefined, string, string])[] = [
    [new ConnectFailure('dns', '', CAUSE), 'dns', 'ServiceUnavailable', 'upstream-unreachable'],
    [
      new ConnectFailure('connect', '', CAUSE),
      'connect',
      'ServiceUnavailable',
      'upstream-unreachable',
    ],
    [new ConnectFailure('tls', '', CAUSE), 'tls', 'ServiceUnavailable', 'upstream-tls'],
    [new ConnectFailure('reset', '', CAUSE), 'reset', 'BadGateway', 'upstream-closed'],
    [new errors.HeadersTimeoutError(), 'timeout', 'GatewayTimeout', 'upstream-timeout'],
    [new errors.BodyTimeoutError(), 'timeout', 'GatewayTimeout', 'upstream-timeout'],
    [new errors.SocketError('other side closed'), 'reset', 'BadGateway', 'upstream-closed'],
    [coded('ECONNRESET'), 'reset', 'BadGateway', 'upstream-closed'],
    [coded('HPE_INVALID_CONSTANT'), 'reset', 'BadGateway', 'upstream-closed'],
    [new EarlySuccess(), 'aborted', 'BadGateway', 'early-answer'],
    [new NoFreeConnection(), undefined, 'SlowDown', 'upstream-busy'],
    [
      new errors.InvalidArgumentError('invalid path'),
      undefined,
      'InvalidRequest',
      'unsendable-request',
    ],
    [new DownstreamBodyError('aborted'), undefined, 'IncompleteBody', 'client-gone'],
    [new DownstreamBodyError('idle'), undefined, 'RequestTimeout', 'body-idle'],
  ]
  for (const [error, kind, code, reason] of rows) {
    t.equal(failureKind(error), kind, reason)
    t.match(upstreamError(error), { code, reason })
  }
})

t.test('what the client is told has nothing of the network in it', async (t) => {
  const error = new ConnectFailure('dns', 's3.internal.example does not resolve', CAUSE)
  const { message, cause } = upstreamError(error)
  t.notMatch(message, /internal/)
  t.equal(cause, error, 'for the log')
})

t.test('a broken connection is not a text that is no HTTP', async (t) => {
  t.ok(isBrokenConnection(coded('ECONNRESET')))
  t.ok(isBrokenConnection(coded('EPIPE')))
  t.ok(isBrokenConnection(new errors.SocketError('other side closed')))
  t.ok(isBrokenConnection(new ConnectFailure('reset', '', CAUSE)))
  t.notOk(isBrokenConnection(new ConnectFailure('tls', '', CAUSE)))
  t.notOk(isBrokenConnection(coded('HPE_INVALID_CONSTANT')))
  t.notOk(isBrokenConnection(new errors.HeadersTimeoutError()))
})

t.test('only a connection that has served is stale', async (t) => {
  t.notOk(isStaleConnection(new ConnectFailure('reset', '', CAUSE)), 'it broke in the handshake')
  t.notOk(isStaleConnection(new errors.HeadersTimeoutError()))
})
