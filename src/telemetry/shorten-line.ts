/** Characters of a text and entries of a list, step by step until the line is short enough. */
const STEPS = [
  { characters: 1024, entries: 200 },
  { characters: 200, entries: 20 },
  { characters: 24, entries: 2 },
] as const

/**
 * Cuts the long texts and lists of a line of JSON, without its LF, and adds `"truncated":true`: only what
 * no S3 would accept, such as a key of a refused request, makes a line so long. Undefined: it would still
 * be longer.
 */
export function shortenLine(line: string, bytesMax: number): string | undefined {
  const fields: unknown = JSON.parse(line)
  for (const step of STEPS) {
    const short = JSON.stringify({ ...Object(shorten(fields, step)), truncated: true })
    if (Buffer.byteLength(short) <= bytesMax) return short
  }
  return undefined
}

function shorten(value: unknown, step: (typeof STEPS)[number]): unknown {
  if (typeof value === 'string') return cut(value, step.characters)
  if (Array.isArray(value)) return value.slice(0, step.entries).map((one) => shorten(one, step))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shorten(one, step)]))
}

/** Never between the two halves of a character. */
function cut(text: string, characters: number): string {
  if (text.length <= characters) return text
  const code = text.charCodeAt(characters - 1)
  const isHalf = code >= 0xd800 && code <= 0xdbff
  return text.slice(0, isHalf ? characters - 1 : characters)
}
