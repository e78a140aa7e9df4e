import type { Scene } from './scene.ts'

/** What users do with a client; the columns of docs/compatibility.md. */
export const FEATURES = [
  'upload',
  'multipart',
  'stream',
  'sync',
  'copy',
  'part copy',
  'list',
  'range',
  'delete',
  'presign',
  'form',
  'other encryption',
  'TLS',
] as const

/** One column. */
export type Feature = (typeof FEATURES)[number]

/** A client program or library that people use with S3. */
export interface ClientUnderTest {
  readonly name: string
  /** Whence it comes: `Debian 12` or `npm`. */
  readonly from: 'Debian 12' | 'npm'
  readonly version: () => Promise<string>
  /** What to configure: endpoint and addressing style; certificate authority and what else matters. */
  readonly settings: readonly [endpoint: string, other: string]
  /** Each throws when the client fails or gives something else than it should; what is not there, the client cannot do. */
  readonly features: Partial<Readonly<Record<Feature, (scene: Scene) => Promise<void>>>>
  /** Why this machine cannot run it; undefined: it can. */
  readonly unavailable?: () => Promise<string | undefined>
  /** After the last feature, whether it failed or not (unmount, close). */
  readonly end?: (scene: Scene) => Promise<void>
}
