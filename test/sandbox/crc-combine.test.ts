import t from 'tap'
import { type ChecksumAlgorithm, startChecksum } from '../../src/sandbox/checksum.ts'
import { combineCrcs } from '../../src/sandbox/crc-combine.ts'

function crcOf(algorithm: ChecksumAlgorithm, data: Buffer): string {
  const running = startChecksum(algorithm)
  running.update(data)
  return running.digest().toString('base64')
}

t.test('the CRCs of pieces give the CRC of the whole', async (t) => {
  const data = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i + 3) % 256))
  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    for (const cuts of [[5000], [1, 4999], [2000, 2000, 1000], [0, 5000]]) {
      let start = 0
      const pieces = cuts.map((size) => {
        const value = crcOf(algorithm, data.subarray(start, start + size))
        start += size
        return { value, size }
      })
      t.equal(combineCrcs(algorithm, pieces), crcOf(algorithm, data), `${algorithm} ${cuts}`)
    }
  }
})

t.test('digests that are no CRCs cannot be combined', async (t) => {
  t.equal(combineCrcs('SHA256', []), undefined)
})
