/** Rounds of requests; about a quarter of a second apart. */
const ROUNDS = 60
const PAUSE_MS = 250

/** What a request that cannot reach S3 takes is a wait between attempts: fewer show the same. */
const ROUNDS_CUT_OFF = 10

/**
 * Sends some of everything that Sealgate counts to both endpoints at once; says what came back.
 * `cutOff` cannot reach its S3.
 */
export async function driveLoad(healthy: string, cutOff: string): Promise<string> {
  const statuses = new Map<number, number>()
  const drive = async (endpoint: string, rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (const request of buildRound(`${endpoint}/demo`, round)) {
        const response = await fetch(request)
        await response.arrayBuffer()
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
  await Promise.all([drive(healthy, ROUNDS), drive(cutOff, ROUNDS_CUT_OFF)])
  const counts = [...statuses].sort(([a], [b]) => a - b)
  return counts.map(([status, count]) => `${count} × ${status}`).join(', ')
}

function buildRound(bucket: string, round: number): readonly Request[] {
  const key = `${bucket}/object-${round % 10}`
  const aes = { 'x-amz-server-side-encryption': 'AES256' }
  return [
    new Request(key, { method: 'PUT', body: 'x'.repeat(2_000) }),
    new Request(`${key}-other`, { method: 'PUT', body: 'y', headers: aes }),
    new Request(`${bucket}/exempt/a`, { method: 'PUT', body: 'z' }),
    new Request(`${key}-copy`, {
      method: 'PUT',
      headers: { 'x-amz-copy-source': `/demo/object-${round % 10}` },
    }),
    new Request(key),
    new Request(`${bucket}/exempt/a`),
    new Request(`${key}?partNumber=1`, { method: 'HEAD' }),
    // Refused: an encryption header on a read.
    new Request(key, { headers: aes }),
    new Request(`${bucket}?list-type=2`),
    new Request(`${key}-copy`, { method: 'DELETE' }),
  ]
}
