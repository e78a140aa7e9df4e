import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Describes an unexpected error that kept a command from starting, and what to do about it. `where`
 * names the source of the addresses and paths: a file or an option.
 */
export function startProblem(where: string, error: unknown): string {
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = 'code' in cause ? String(cause.code) : ''
  const address = 'address' in cause && 'port' in cause ? `${cause.address}:${cause.port}` : ''
  const path = 'path' in cause ? String(cause.path) : ''
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use by another program. Stop it, or change the address in ${where}.`
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine. Change it in ${where}.`
    case 'EACCES':
      return path === ''
        ? `no permission to bind ${address}: ports below 1024 need a privilege. Choose another in ${where}.`
        : `no permission to open ${path}. Check its permissions and the user that runs sealgate.`
    case 'ENOENT':
      return existsSync(dirname(path))
        ? `${path} does not exist. Check the paths in ${where}.`
        : `${path} cannot be opened, because the folder does not exist. Check the paths in ${where}.`
    case 'EEXIST':
      return `${path} is there already, and is not replaced. Choose another name in ${where}.`
    case 'ENOTDIR':
      return `${path} cannot be opened, because a part of it is a file and no folder. Check the paths in ${where}.`
    case 'EISDIR':
      return `${path === '' ? 'the path' : path} is a folder; a file is needed. Check the paths in ${where}.`
    case 'ENOSPC':
      return `no space left${path === '' ? '' : ` for ${path}`}. Free some space, or choose another disk.`
    default:
      return cause.message
  }
}
