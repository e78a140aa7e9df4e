/** What the sealer's thread is given. */
export interface SealThreadData {
  readonly directory: string
  readonly origin: string
  readonly keyFiles: readonly string[]
  readonly everyMs: number
}

/** What the thread says. It is told `stop`, and ends behind its last checkpoint. */
export type SealMessage =
  | {
      readonly kind: 'sealed'
      readonly origin: string
      readonly size: number
      /** base64 */
      readonly root: string
      readonly note: Uint8Array
    }
  | { readonly kind: 'set-aside'; readonly why: string }
  | { readonly kind: 'problem'; readonly problem: string; readonly isFinal: boolean }
