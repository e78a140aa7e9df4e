import t from 'tap'
import { requestsAtStop, secondSignal, stopWhileReloading } from './drain-cases.ts'

t.test('what all workers do at SIGTERM ends well, and then they end', (t) => requestsAtStop(t, 2))
t.test('a second signal ends all workers at once', (t) => secondSignal(t, 2))
t.test('a reload under way does not hold a stop of all workers up', (t) => stopWhileReloading(t, 2))
