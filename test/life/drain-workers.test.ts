import t from 'tap'
import { loadAtStop, secondSignal, stopWhileReloading, uploadAtStop } from './drain-cases.ts'

t.test('an upload under way at SIGTERM ends well, and then all workers', (t) => uploadAtStop(t, 2))
t.test('a drain of all workers under load loses nothing', (t) => loadAtStop(t, 2))
t.test('a second signal ends all workers at once', (t) => secondSignal(t, 2))
t.test('a reload under way does not hold a stop of all workers up', (t) => stopWhileReloading(t, 2))
