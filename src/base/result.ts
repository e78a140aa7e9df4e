/** The outcome of a step that can fail in an expected way. Bugs are thrown instead. */
export type Result<T, E> = Ok<T> | Failure<E>

/** Success, with its value. */
interface Ok<T> {
  readonly ok: true
  readonly value: T
}

/** An expected failure, with its reason. */
interface Failure<E> {
  readonly ok: false
  readonly error: E
}

/** Wraps a success. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

/** Wraps an expected failure. */
export function failure<E>(error: E): Failure<E> {
  return { ok: false, error }
}
