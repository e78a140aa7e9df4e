// HEALTHCHECK of the image: asks the admin listener of this container whether it is ready.
// SEALGATE_HEALTH_URL names another one than that of the shipped configurations.
const url = process.env.SEALGATE_HEALTH_URL ?? 'http://127.0.0.1:9090/readyz'

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  process.exitCode = response.ok ? 0 : 1
} catch {
  process.exitCode = 1
}
