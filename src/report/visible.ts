/**
 * Text of a stranger (keys, names) for people: what has no shape of its own, or turns the direction
 * of writing, is escaped, so that neither a terminal nor a reader is misled.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  )
}
