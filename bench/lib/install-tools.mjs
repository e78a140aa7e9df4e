/** What the bench needs besides Node. */
import { existsSync } from 'node:fs'
import { run } from './processes.mjs'

/**
 * nginx with its Lua module (the upstream reads and drops bodies with it), wrk, and further programs
 * that have the name of their package.
 */
export async function installTools(/** @type {readonly string[]} */ more = []) {
  const missing = [
    ['nginx', '/usr/sbin/nginx'],
    ['libnginx-mod-http-lua', '/usr/lib/nginx/modules/ngx_http_lua_module.so'],
    ['wrk', '/usr/bin/wrk'],
    ['curl', '/usr/bin/curl'],
    ['openssl', '/usr/bin/openssl'],
    ...more.map((name) => [name, `/usr/bin/${name}`]),
  ].flatMap(([name, file]) => (existsSync(file) ? [] : [name]))
  if (missing.length === 0) return
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  if (process.getuid?.() !== 0) {
    process.stderr.write(`missing: ${missing.join(', ')}; as root: ${install.join(' ')}
`)
    process.exit(2)
  }
  process.stdout.write(`${install.join(' ')}\n`)
  const quiet = 'DEBIAN_FRONTEND=noninteractive'
  await run('env', [quiet, 'apt-get', 'update'], { timeoutMs: 300_000 })
  const { code, stderr } = await run('env', [quiet, ...install], { timeoutMs: 600_000 })
  if (code !== 0) {
    process.stderr.write(stderr)
    process.exit(2)
  }
}
