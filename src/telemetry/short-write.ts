/** What remains to be written after a file has taken only the first bytes of some lines. */
interface Remainder {
  /** Begins at the begin of a line. */
  readonly bytes: Buffer
  /** What stands in the file ends without a line's end. */
  readonly endsTorn: boolean
  /** It ends within a line, which will stand whole behind it. */
  readonly isBroken: boolean
}

const LF = 0x0a

/**
 * The lines that are still to be written. A line that was cut is written again from its begin, for
 * another writer's may stand where its rest would go; one that lacks nothing but its end is not.
 */
export function remainderOf(lines: Buffer, written: number): Remainder {
  const lineStart = written === 0 ? 0 : lines.lastIndexOf(LF, written - 1) + 1
  if (lineStart === written) {
    return { bytes: lines.subarray(written), endsTorn: false, isBroken: false }
  }
  if (lines[written] === LF) {
    return { bytes: lines.subarray(written + 1), endsTorn: true, isBroken: false }
  }
  return { bytes: lines.subarray(lineStart), endsTorn: true, isBroken: true }
}
