import type { ConfigProblem } from '../config/config.ts'

/** A socket could not be bound; names the setting. */
export class ListenError extends Error {
  /** The setting and what to do about it. */
  readonly problem: ConfigProblem

  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause })
    this.problem = { path, message: remedy(cause) }
  }

  /** Returns the port, or throws with the setting's path. */
  static async wrap(path: string, listening: Promise<number>): Promise<number> {
    try {
      return await listening
    } catch (error) {
      throw new ListenError(path, error instanceof Error ? error : new Error(String(error)))
    }
  }
}

function remedy(cause: NodeJS.ErrnoException): string {
  const address = 'address' in cause && 'port' in cause ? `${cause.address}:${cause.port}` : 'it'
  switch (cause.code) {
    case 'EADDRINUSE':
      return `${address} is in use by another program: stop that one, or choose another port`
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine: choose another`
    case 'EACCES':
      return `no permission to bind ${address}: ports below 1024 need a privilege; choose another`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host does not resolve (${cause.code}): use an IP address of this machine`
    default:
      return `cannot listen: ${cause.message}`
  }
}
