const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute of HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/** A number with separators: `12,345`. */
export function formatCount(number: number): string {
  return number.toLocaleString('en-US')
}

/** A share as `99.97 %`, rounded down: nothing but all is 100 %. */
export function formatShare(share: number): string {
  return `${Math.floor(share * 10_000) / 100} %`
}
