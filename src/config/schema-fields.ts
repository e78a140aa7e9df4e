import { z } from 'zod'
import { DURATION, parseDuration } from './duration.ts'
import { REFERENCE_FORM } from './environment.ts'
import { suggest } from './suggest.ts'

/**
 * A mapping that only accepts the named keys. Its message has one line for every unknown key, in
 * the order of the issue's `keys`; `reportIssues` makes a problem of each.
 */
export function mapping<const S extends z.core.$ZodLooseShape>(shape: S) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : undefined,
  })
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = suggest(key, known)
  return near === undefined
    ? `unknown key; valid keys: ${known.join(', ')}`
    : `unknown key; did you mean ${near}?`
}

const DURATION_FORM = 'write a number and a unit: 500ms, 60s, 5m, 1h'

const durationText = z.string(DURATION_FORM).regex(DURATION, DURATION_FORM).meta({
  id: 'Duration',
  description: 'A whole number and a unit: `500ms`, `60s`, `5m`, `1h`.',
})

/** A duration within limits, both given as durations; parsed to milliseconds. */
export function duration(min: string, max: string) {
  const low = parseDuration(min) ?? 0
  const high = parseDuration(max) ?? 0
  return durationText
    .transform((text) => parseDuration(text) ?? 0)
    .refine((ms) => ms >= low && ms <= high, `must be from ${min} to ${max}`)
}

const REQUEST_RATE = /^(\d{1,9})\/(s|m)$/
const REQUEST_RATE_FORM = 'write a number from 1 to 1000000 and a unit: 100/s, 600/m'
const REQUESTS_MAX = 1_000_000

/** Requests in a time. */
export const requestRate = z
  .string(REQUEST_RATE_FORM)
  .regex(REQUEST_RATE, REQUEST_RATE_FORM)
  .meta({
    id: 'RequestRate',
    description: 'Requests in a second or a minute: `100/s`, `600/m`. So many may come at once.',
  })
  .transform((text) => {
    const [, count, unit] = REQUEST_RATE.exec(text) ?? []
    return { count: Number(count), unitMs: unit === 's' ? 1000 : 60_000 }
  })
  .refine(({ count }) => count >= 1 && count <= REQUESTS_MAX, REQUEST_RATE_FORM)

const BYTE_RATE = /^(\d{1,9})(KB|MB|GB|KiB|MiB|GiB)\/s$/
const BYTE_RATE_FORM = 'write a number and a unit, at least 64KiB/s and at most 100GiB/s: 50MiB/s'
const UNIT_BYTES: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** Bytes in a second; parsed to their number. */
export const byteRate = z
  .string(BYTE_RATE_FORM)
  .regex(BYTE_RATE, BYTE_RATE_FORM)
  .meta({
    id: 'ByteRate',
    description: 'Bytes in a second: `50MiB/s`; units `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`.',
  })
  .transform((text) => {
    const [, count, unit = ''] = BYTE_RATE.exec(text) ?? []
    return Number(count) * (UNIT_BYTES[unit] ?? 0)
  })
  .refine((bytes) => bytes >= 64 * 2 ** 10 && bytes <= 100 * 2 ** 30, BYTE_RATE_FORM)

const BYTE_COUNT = /^(\d{1,9})(KB|MB|GB|KiB|MiB|GiB)$/
const BYTE_COUNT_FORM = 'write a number of bytes, or a number and a unit: 5GiB'

/** Bytes, at most 50 TB as S3's largest object; parsed to their number. */
export const byteCount = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(BYTE_COUNT)
        .transform((text) => {
          const [, count, unit = ''] = BYTE_COUNT.exec(text) ?? []
          return Number(count) * (UNIT_BYTES[unit] ?? 0)
        }),
    ],
    { error: BYTE_COUNT_FORM },
  )
  .refine((bytes) => bytes >= 1 && bytes <= 50e12, 'must be from 1 byte to 50000GB')

/** A whole number within limits. */
export function count(min: number, max: number) {
  return z.int().min(min).max(max)
}

/** Text of one line. */
export function line(max: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must be at most ${max} characters`)
    .refine((text) => !/\p{Cc}/u.test(text), 'must be one line without control characters')
}

/** A path; relative ones are resolved against the folder of the configuration file. */
export const filePath = line(4096).meta({
  id: 'FilePath',
  description: 'A path; relative to the folder of the configuration file.',
})

/** A literal (`${env:NAME}` is already replaced) or the file that contains it. */
export const secret = z
  .union([z.string(), z.strictObject({ file: filePath })], {
    error: ({ input }) =>
      input === undefined
        ? `is missing: a secret is text, ${REFERENCE_FORM} or { file: PATH }`
        : `a secret is text, ${REFERENCE_FORM} or { file: PATH }; put quotes around digits`,
  })
  .meta({
    id: 'Secret',
    description: `A literal, \`${REFERENCE_FORM}\`, or \`{ file: PATH }\` (a newline at the end of the file is ignored).`,
  })

/** A secret as in the file. */
export type RawSecret = z.output<typeof secret>

/** `host:port`, `[::1]:8080` or `:8080`. */
export const socketAddress = z.string().max(300).meta({
  id: 'Address',
  description: '`host:port`, `[::1]:8080` (in quotes), or `:8080` for all addresses.',
})

/** Globs in which only `*` is special. */
export const patterns = z
  .array(
    line(1024).meta({
      id: 'Pattern',
      description: 'A glob; `*` matches any characters, including `/` and none.',
    }),
  )
  .min(1, 'must name at least one')
  .max(1000)

/** The ARN of an IAM role. */
export const roleArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/,
    'write the full ARN of the role: arn:aws:iam::ACCOUNT:role/NAME',
  )
  .meta({ id: 'RoleArn', description: 'The full ARN of an IAM role.' })

/** A session name for STS. */
export const sessionName = z
  .string()
  .regex(/^[\w+=,.@-]{2,64}$/, 'must be 2 to 64 letters, digits and _+=,.@-')
