import { createServer } from 'node:http'

/** A web server on loopback with one page at a time: the application that hands out forms. */
export interface PageServer {
  readonly url: string
  /** Sets what `/` shows; everything else shows its own address. */
  show(html: string): void
  close(): Promise<void>
}

export async function startPageServer(): Promise<PageServer> {
  let page = ''
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(
      request.url === '/' ? page : `<!doctype html><p id="at">${escapeHtml(request.url)}</p>`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    show: (html) => {
      page = html
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A form as an application writes it into its page; the button is behind the file. */
export function formPage(url: string, fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return `<!doctype html><meta charset="utf-8"><title>upload</title>
<form action="${escapeHtml(url)}" method="post" enctype="multipart/form-data">
${inputs.join('\n')}
<input type="file" name="file" id="file">
<input type="submit" name="submit" value="Upload" id="submit">
</form>`
}

function escapeHtml(text = ''): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
