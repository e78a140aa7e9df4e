/**
 * Parses the parameters of a Content-Type or Content-Disposition: the text after its first word, `;
 * name=token; name="quoted"`. Names in lower case, each once. Undefined if it is malformed.
 *
 * In a quoted string `\"` and `\\` are escapes as in RFC 2045. A backslash before any other
 * character is literal: browsers have sent `C:\new.txt` since 1998.
 */
export function parseParameters(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>()
  let rest = text.trim()
  while (rest !== '') {
    const match = PARAMETER.exec(rest)
    if (match === null) return undefined
    const [whole, name = '', token, quoted = ''] = match
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, token ?? quoted.replace(/\\(["\\])/g, '$1'))
    rest = rest.slice(whole.length)
  }
  return parameters
}

/**
 * One parameter. A token may have more characters than RFC 2045 allows, because clients do not
 * quote boundaries that contain `/`, `:` or `=`.
 */
const PARAMETER =
  /^;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([^\s;"\\]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?=;|$)/
