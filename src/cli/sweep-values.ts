import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { SocketAddress } from '../config/config.ts'
import { parseDuration } from '../config/duration.ts'
import { parseSocketAddress } from '../config/socket-address.ts'
import { type AcceptedLoss, LOSSES } from '../sweep/object-version.ts'

/** Where a sweep gets names from. */
export function parseSource(text: string): string {
  if (text === 'list') return text
  const [, kind, file] = /^(inventory|journal):(.+)$/s.exec(text) ?? []
  if (file !== undefined) return `${kind}:${resolve(file)}`
  throw new InvalidArgumentError(`'${text}' is not list, inventory:FILE or journal:FILE.`)
}

/** When a run ends by itself. */
export interface StopAfter {
  readonly objects: number | undefined
  readonly ms: number | undefined
}

/** A number of objects, or a duration. */
export function parseStopAfter(text: string): StopAfter {
  if (/^[1-9]\d{0,11}$/.test(text)) return { objects: Number(text), ms: undefined }
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return { objects: undefined, ms }
  throw new InvalidArgumentError(`'${text}' is neither a number of objects nor a duration (2h).`)
}

/** `HOST:PORT`; port 0: any that is free. */
export function parseAddress(text: string): SocketAddress {
  const address = parseSocketAddress(text)
  if (address !== undefined) return address
  throw new InvalidArgumentError(`'${text}' is no address: write 127.0.0.1:9465.`)
}

/** A whole number from 1. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError(`'${text}' is not a whole number from 1.`)
}

/** A loss that a sweep may cause, added to the previous ones; several in one value are separated by commas. */
export function parseLoss(
  text: string,
  before: readonly AcceptedLoss[] = [],
): readonly AcceptedLoss[] {
  const losses = text.split(',').map((word) => {
    const loss = LOSSES.find((known) => known === word)
    if (loss === undefined) {
      throw new InvalidArgumentError(`'${word}' is none of ${LOSSES.join(', ')}.`)
    }
    return loss
  })
  return [...new Set([...before, ...losses])]
}

/** `200/s` or `200`: requests. */
export function parseRate(text: string): number {
  const rate = /^\d{1,6}(?:\.\d{1,3})?(?:\/s)?$/.test(text) ? Number.parseFloat(text) : 0
  if (rate >= 1) return rate
  throw new InvalidArgumentError(`'${text}' is not a rate of at least 1/s: write 200/s.`)
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** `200MB/s`. */
export function parseByteRate(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([kMG]?B|[KMG]iB)\/s$/.exec(text) ?? []
  const rate = Number(digits) * (BYTE_UNITS[unit] ?? 0)
  if (rate > 0) return rate
  throw new InvalidArgumentError(`'${text}' is not a rate of bytes: write 200MB/s.`)
}
