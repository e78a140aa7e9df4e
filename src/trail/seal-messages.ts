/** The input of the sealer's thread. */
export interface SealThreadData {
  readonly directory: string
  readonly origin: string
  readonly keyFiles: readonly string[]
  readonly everyMs: number
}

/** The messages of the thread. On `stop` it writes its last checkpoint and ends. */
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
