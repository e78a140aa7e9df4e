import t from 'tap'
import { isoTime } from '../../src/telemetry/iso-time.ts'

t.test('an instant is written as Date writes it, whatever was asked for before', async (t) => {
  const instants = [
    0, 1, 10, 999, 1000, 1_369_353_600_000, 1_369_353_600_099, 1_000, 4_102_444_799_999,
  ]
  for (const instant of instants) t.equal(isoTime(instant), new Date(instant).toISOString())
})
