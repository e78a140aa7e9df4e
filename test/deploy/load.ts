/** Rounds of requests; about a quarter of a second apart. */
const ROUNDS = 60
const PAUSE_MS = 250

/** Sends some of everything that Sealgate counts to each endpoint; says what came back. */
export async function driveLoad(endpoints: readonly string[]): Promise<string> {
  const statuses = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const endpoint of endpoints) {
      for (const request of buildRound(`${endpoint}/demo`, round)) {
        const response = await fetch(request)
        await response.arrayBuffer()
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
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
