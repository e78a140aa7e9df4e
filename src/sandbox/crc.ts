/** A running checksum. */
interface RunningCrc {
  update(data: Uint8Array): void
  /** The checksum, big-endian. */
  digest(): Buffer
}

/** Eight tables of 256 entries ("slicing by eight"): about 500 MB/s, 150 with one table. */
const CRC32C_TABLES = buildTables32(0x82f63b78)

/**
 * CRC-32C (Castagnoli), reflected.
 *
 * Source: RFC 9260 appendix A
 */
export function createCrc32c(): RunningCrc {
  let crc = 0xffffffff
  return {
    update(data) {
      crc = updateCrc32c(crc, data)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
      return out
    },
  }
}

function updateCrc32c(start: number, data: Uint8Array): number {
  const t = CRC32C_TABLES
  let crc = start
  let i = 0
  for (const end = data.length - 7; i < end; i += 8) {
    const a =
      crc ^
      (at(data, i) | (at(data, i + 1) << 8) | (at(data, i + 2) << 16) | (at(data, i + 3) << 24))
    crc =
      at(t, 1792 + (a & 0xff)) ^
      at(t, 1536 + ((a >>> 8) & 0xff)) ^
      at(t, 1280 + ((a >>> 16) & 0xff)) ^
      at(t, 1024 + (a >>> 24)) ^
      at(t, 768 + at(data, i + 4)) ^
      at(t, 512 + at(data, i + 5)) ^
      at(t, 256 + at(data, i + 6)) ^
      at(t, at(data, i + 7))
  }
  for (; i < data.length; i++) crc = at(t, (crc ^ at(data, i)) & 0xff) ^ (crc >>> 8)
  return crc
}

function buildTables32(polynomial: number): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    tables[n] = crc
  }
  for (let k = 256; k < tables.length; k++) {
    const previous = at(tables, k - 256)
    tables[k] = at(tables, previous & 0xff) ^ (previous >>> 8)
  }
  return tables
}

/** The same for 64 bits, each entry in two halves: JavaScript's 64-bit integers are too slow. */
const CRC64_TABLES = buildTables64(0x9a6c9329, 0xac4bc9b5)

/**
 * CRC-64/NVME, reflected.
 *
 * Source: NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.4
 */
export function createCrc64Nvme(): RunningCrc {
  const state: Crc64State = { high: 0xffffffff, low: 0xffffffff }
  return {
    update(data) {
      updateCrc64(state, data)
    },
    digest() {
      const out = Buffer.alloc(8)
      out.writeUInt32BE((state.high ^ 0xffffffff) >>> 0)
      out.writeUInt32BE((state.low ^ 0xffffffff) >>> 0, 4)
      return out
    },
  }
}

interface Crc64State {
  high: number
  low: number
}

interface Crc64Tables {
  readonly high: Uint32Array
  readonly low: Uint32Array
}

function updateCrc64(state: Crc64State, data: Uint8Array): void {
  const { high: th, low: tl } = CRC64_TABLES
  let high = state.high
  let low = state.low
  let i = 0
  for (const end = data.length - 7; i < end; i += 8) {
    const a =
      low ^
      (at(data, i) | (at(data, i + 1) << 8) | (at(data, i + 2) << 16) | (at(data, i + 3) << 24))
    const b =
      high ^
      (at(data, i + 4) | (at(data, i + 5) << 8) | (at(data, i + 6) << 16) | (at(data, i + 7) << 24))
    const i0 = 1792 + (a & 0xff)
    const i1 = 1536 + ((a >>> 8) & 0xff)
    const i2 = 1280 + ((a >>> 16) & 0xff)
    const i3 = 1024 + (a >>> 24)
    const i4 = 768 + (b & 0xff)
    const i5 = 512 + ((b >>> 8) & 0xff)
    const i6 = 256 + ((b >>> 16) & 0xff)
    const i7 = b >>> 24
    low =
      at(tl, i0) ^
      at(tl, i1) ^
      at(tl, i2) ^
      at(tl, i3) ^
      at(tl, i4) ^
      at(tl, i5) ^
      at(tl, i6) ^
      at(tl, i7)
    high =
      at(th, i0) ^
      at(th, i1) ^
      at(th, i2) ^
      at(th, i3) ^
      at(th, i4) ^
      at(th, i5) ^
      at(th, i6) ^
      at(th, i7)
  }
  for (; i < data.length; i++) {
    const index = (low ^ at(data, i)) & 0xff
    low = at(tl, index) ^ ((low >>> 8) | (high << 24))
    high = at(th, index) ^ (high >>> 8)
  }
  state.high = high
  state.low = low
}

function buildTables64(polynomialHigh: number, polynomialLow: number): Crc64Tables {
  const high = new Uint32Array(8 * 256)
  const low = new Uint32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let h = 0
    let l = n
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (l & 1) === 1
      l = ((l >>> 1) | (h << 31)) ^ (isOdd ? polynomialLow : 0)
      h = (h >>> 1) ^ (isOdd ? polynomialHigh : 0)
    }
    high[n] = h
    low[n] = l
  }
  for (let k = 256; k < high.length; k++) {
    const h = at(high, k - 256)
    const l = at(low, k - 256)
    const index = l & 0xff
    low[k] = at(low, index) ^ ((l >>> 8) | (h << 24))
    high[k] = at(high, index) ^ (h >>> 8)
  }
  return { high, low }
}

function at(array: Uint8Array | Uint32Array, index: number): number {
  return array[index] as number
}
