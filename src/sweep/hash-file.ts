import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const READ_BYTES = 256 * 1024

/** The hash of a file, hex. One buffer for all of it: a stream leaves one for each 64 KiB. */
export async function hashFile(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm)
  const buffer = Buffer.alloc(READ_BYTES)
  const handle = await open(file, 'r')
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}
