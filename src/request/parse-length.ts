/**
 * Parses a decimal length without sign, at most 15 digits, so that it is exact. Undefined if it is
 * invalid.
 */
export function parseLength(text: string | undefined): number | undefined {
  if (text === undefined || text.length === 0 || text.length > 15) return undefined
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i)
    if (digit < 48 || digit > 57) return undefined
  }
  return Number(text)
}
