/** The outcome of a step that can fail in an expected way. What is thrown is a bug. */
export type Result<T, E> = Ok<T> | Failure<E>

/** Success, with what it gave. */
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
