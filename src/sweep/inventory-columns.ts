/** The columns of an inventory that are read, as {@link columnName} writes them. */
const INVENTORY_COLUMNS: ReadonlySet<string> = new Set([
  'bucket',
  'key',
  'versionid',
  'islatest',
  'isdeletemarker',
  'size',
  'lastmodifieddate',
  'etag',
  'storageclass',
])

/** `LastModifiedDate` and `last_modified_date` are the same column. Undefined: it is not read. */
export function columnName(text: string): string | undefined {
  const name = text.replaceAll('_', '').toLowerCase()
  return INVENTORY_COLUMNS.has(name) ? name : undefined
}
