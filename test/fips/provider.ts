import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runOrThrow } from '../deploy/command.ts'

/** Debian's release that has a package of the provider. */
const RELEASE = 'trixie'
const PACKAGE = 'openssl-provider-fips'
const MODULES_FOLDER = 'usr/lib/x86_64-linux-gnu/ossl-modules'
const DOWNLOAD_MS = 120_000

/** The environment of a Node that finds OpenSSL's FIPS provider; it is not in FIPS mode by that alone. */
export interface FipsEnvironment {
  readonly OPENSSL_CONF: string
  readonly OPENSSL_MODULES: string
}

/**
 * Configures OpenSSL in a folder, as docs/fips.md has it. `modules`: the folder of `fips.so`; undefined: Debian's
 * package is unpacked. Throws with the words of the program that failed.
 *
 * Source: https://nodejs.org/api/crypto.html#fips-mode
 */
export async function fipsEnvironment(
  folder: string,
  modules: string | undefined,
): Promise<FipsEnvironment> {
  mkdirSync(folder, { recursive: true })
  const place = resolve(modules ?? (await unpackProvider(folder)))
  const module = join(folder, 'fipsmodule.cnf')
  const install = ['fipsinstall', '-quiet', '-module', join(place, 'fips.so'), '-out', module]
  await runOrThrow('openssl', install)
  const configuration = join(folder, 'openssl-fips.cnf')
  writeFileSync(configuration, configurationWith(module))
  return { OPENSSL_CONF: configuration, OPENSSL_MODULES: place }
}

function configurationWith(module: string): string {
  return `nodejs_conf = nodejs_init
.include ${module}
[nodejs_init]
providers = providers
[providers]
fips = fips_sect
base = base_sect
[base_sect]
activate = 1
`
}

/** Gives the folder of Debian's `fips.so`. apt gets lists of its own, so the machine's stay as they are. */
async function unpackProvider(folder: string): Promise<string> {
  const sources = join(folder, 'debian.sources')
  const machine = '/etc/apt/sources.list.d/debian.sources'
  const mirror = /^URIs: (\S+)/m.exec(await runOrThrow('cat', [machine]))?.[1]
  if (mirror === undefined) throw new Error(`${machine} names no mirror`)
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(
    sources,
    `Types: deb\nURIs: ${mirror}\nSuites: ${RELEASE}\nComponents: main\nSigned-By: ${keyring}\n`,
  )
  const lists = join(folder, 'lists')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  const apt = [
    ...['-q', '-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=-'],
    ...[
      '-o',
      `Dir::State::Lists=${lists}`,
      '-o',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    ],
    ...['-o', `Dir::Cache=${folder}`, '-o', 'APT::Sandbox::User=root'],
  ]
  const options = { cwd: folder, timeoutMs: DOWNLOAD_MS }
  await runOrThrow('apt-get', [...apt, 'update'], options)
  await runOrThrow('apt-get', [...apt, 'download', PACKAGE], options)
  await runOrThrow('sh', ['-c', `dpkg-deb -x ${PACKAGE}_*.deb root`], options)
  return join(folder, 'root', MODULES_FOLDER)
}
