/** A socket could not be bound; says which setting names it. */
export class ListenError extends Error {
  /** As in `listen[0].address`. */
  readonly path: string
  override readonly cause: NodeJS.ErrnoException

  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(cause.message)
    this.path = path
    this.cause = cause
  }

  /** Gives the port, or throws with the setting's path. */
  static async wrap(path: string, listening: Promise<number>): Promise<number> {
    try {
      return await listening
    } catch (error) {
      throw new ListenError(path, error instanceof Error ? error : new Error(String(error)))
    }
  }
}
