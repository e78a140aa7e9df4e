import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Access, KmsKeys } from '../support/access.ts'
import { freePort } from '../support/free-ports.ts'
import { Program } from '../support/program.ts'
import type { Keys } from '../support/signer.ts'
import type { Address } from '../support/wire.ts'
import type { Cache } from './cache.ts'

/**
 * How an operator has to set Sealgate up in front of a server. `confirm`: the default, writes are confirmed.
 * `report`: the server says nothing about encryption, `policy.confirmation: report` lets writes pass.
 * `exempt`: it refuses the encryption headers, only an `exempt` rule lets writes pass.
 */
export type Setup = 'confirm' | 'report' | 'exempt'

/** An S3 server that this machine can run. */
export interface ServerUnderTest {
  readonly name: string
  readonly version: string
  /** Where it is had from. */
  readonly from: string
  /** What was set for SSE-KMS, for the page; says so if the server has none. */
  readonly settings: string
  readonly setup: Setup
  /** What of the guards' demands it takes and does not keep, for the page. */
  readonly forgets: string
  /** Way and id of cases that the server answers now so, now otherwise; they are asked, and not compared. */
  readonly unsettled?: { readonly cases: RegExp; readonly why: string }
  /** Fills the folder, which is kept between runs; called once for each version. */
  readonly install: (cache: Cache) => Promise<void>
  readonly start: (place: Place) => Promise<RunningServer>
}

/** Where a server runs. */
export interface Place {
  /** What `install` filled. */
  readonly installed: string
  /** An empty folder of this run. */
  readonly folder: string
  /** Made for this run. */
  readonly keys: Keys
}

export interface RunningServer {
  readonly access: Access
  /** Where it keeps objects; undefined: in memory. */
  readonly dataFolder: string | undefined
  readonly isRunning: () => boolean
  readonly stop: () => Promise<void>
}

/** What of a command line is not always the same. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What of a started server is not always the same. */
export interface Launched {
  readonly keys: Keys
  readonly kms?: KmsKeys
  readonly region?: string
  readonly dataFolder?: string | undefined
}

/** Names of keys for servers that have no KMS, or take any name. */
export const ARN_KEYS: KmsKeys = {
  one: 'arn:aws:kms:us-east-1:123456789012:key/11111111-1111-4111-8111-111111111111',
  two: 'arn:aws:kms:us-east-1:123456789012:key/22222222-2222-4222-8222-222222222222',
  unknown: 'arn:aws:kms:us-east-1:123456789012:key/99999999-9999-4999-8999-999999999999',
  disabled: undefined,
}

/** Starts a server on a free port of loopback and waits until it answers, and is no longer starting (5xx). */
export async function launch(
  { folder }: Place,
  launched: Launched,
  commandFor: (port: number) => Launch,
): Promise<RunningServer> {
  const address = { host: '127.0.0.1', port: await freePort() }
  const { command, args, env } = commandFor(address.port)
  const outputFile = join(folder, 'server.log')
  const program = new Program(command, args, { outputFile, ...(env && { env }) })
  try {
    await answers(address, program, outputFile)
  } catch (error) {
    await program.close()
    throw error
  }
  return {
    access: {
      address,
      keys: launched.keys,
      region: launched.region ?? 'us-east-1',
      kms: launched.kms ?? ARN_KEYS,
    },
    dataFolder: launched.dataFolder,
    isRunning: () => program.isRunning,
    stop: async () => {
      await program.stop()
    },
  }
}

async function answers(address: Address, program: Program, log: string): Promise<void> {
  for (let tries = 0; tries < 2400; tries++) {
    if (!program.isRunning) throw new Error(`the server ended: ${tail(log)}`)
    const isThere = await fetch(`http://${address.host}:${address.port}/`).then(
      ({ status }) => status < 500,
      () => false,
    )
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the server does not answer: ${tail(log)}`)
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-3000)
}
