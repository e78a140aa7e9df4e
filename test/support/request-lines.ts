/** The lines of an audit that tell of requests. */
export function requestLines(audit: string): readonly Record<string, unknown>[] {
  return audit
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Object(JSON.parse(line)))
    .filter(({ record }) => record === undefined)
}
