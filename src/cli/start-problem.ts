/**
 * Says in words what kept the proxy from starting, and what to do about it.
 */
export function startProblem(configFile: string, error: unknown): string {
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = 'code' in cause ? String(cause.code) : ''
  const address = 'address' in cause && 'port' in cause ? `${cause.address}:${cause.port}` : ''
  const path = 'path' in cause ? String(cause.path) : ''
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use by another program. Stop it, or change the address in ${configFile} (listen[].address, admin.address).`
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine. Change it in ${configFile} (listen[].address, admin.address).`
    case 'EACCES':
      return path === ''
        ? `may not bind ${address}: ports below 1024 need a privilege. Choose another in ${configFile} (listen[].address).`
        : `may not open ${path}. Check its permissions and the user that runs sealgate.`
    case 'ENOENT':
      return `${path} is not there. Check the paths in ${configFile}.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the upstream's host does not resolve: ${cause.message}. Check upstream.endpoint in ${configFile} and the DNS.`
    default:
      return cause.message
  }
}
