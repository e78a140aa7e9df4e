import { decodeEntities } from './xml.ts'

const BEGIN = '<Bucket>'
const END = '</Bucket>'

/**
 * Removes buckets from the document of ListBuckets. Undefined if it is not as S3 writes it: a bucket that
 * was read differently than a client reads it could not be hidden. Linear in the document.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */
export function filterBucketList(
  document: string,
  isVisible: (bucket: string) => boolean,
): string | undefined {
  const begin = document.indexOf('<Buckets>')
  if (begin === -1) return hasBucket(document) ? undefined : document
  const from = begin + '<Buckets>'.length
  const end = document.indexOf('</Buckets>', from)
  if (end === -1) return undefined
  const head = document.slice(0, from)
  const tail = document.slice(end)
  if (hasBucket(head) || hasBucket(tail)) return undefined
  const kept = filterEntries(document.slice(from, end), isVisible)
  return kept === undefined ? undefined : head + kept + tail
}

function filterEntries(
  entries: string,
  isVisible: (bucket: string) => boolean,
): string | undefined {
  let kept = ''
  for (let at = skipSpace(entries, 0); at < entries.length; at = skipSpace(entries, at)) {
    const end = entries.indexOf(END, at)
    if (!entries.startsWith(BEGIN, at) || end === -1) return undefined
    const name = nameIn(entries.slice(at + BEGIN.length, end))
    if (name === undefined) return undefined
    const next = end + END.length
    if (isVisible(name)) kept += entries.slice(at, next)
    at = next
  }
  return kept
}

/** The name of one bucket, whose fields are elements that hold only text. */
function nameIn(entry: string): string | undefined {
  let name: string | undefined
  let at = skipSpace(entry, 0)
  while (at < entry.length) {
    FIELD.lastIndex = at
    const field = FIELD.exec(entry)
    if (field === null) return undefined
    if (field[1] === 'Name') {
      if (name !== undefined) return undefined
      name = decodeEntities(field[2] ?? '')
      if (name === undefined) return undefined
    }
    at = skipSpace(entry, FIELD.lastIndex)
  }
  return name
}

const FIELD = /<([A-Za-z]{1,64})>([^<>]{0,2048})<\/\1>/y

/** Whether a bucket may stand where none belongs, whatever its prefix or attributes. */
function hasBucket(text: string): boolean {
  return (
    /<(?:[^<>\s/]{1,64}:)?(?:Bucket|Buckets)[\s>]/.test(text.replace('<Buckets>', '')) ||
    text.includes('<!')
  )
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (' \t\r\n'.includes(text[at] ?? '.')) at++
  return at
}
