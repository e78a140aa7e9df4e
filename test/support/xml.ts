/**
 * Texts of all elements of that name, in order, entities decoded; for S3's small flat documents.
 * With `parent`, of those alone that open such an element.
 */
export function xmlTexts(body: Buffer | string, name: string, parent?: string): readonly string[] {
  const before = parent === undefined ? '' : `<${parent}>\\s*`
  const found = body
    .toString('utf8')
    .matchAll(new RegExp(`${before}<${name}>([^<]*)</${name}>`, 'g'))
  return [...found].map(([, text = '']) => decodeEntities(text))
}

/** Text of the first such element; undefined where there is none. */
export function xmlText(body: Buffer | string, name: string): string | undefined {
  return xmlTexts(body, name)[0]
}

/** Escapes a text for an XML document. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (char) => `&#${char.charCodeAt(0)};`)
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (all, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16))
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)))
    return NAMED[entity] ?? all
  })
}
