import t from 'tap'
import { htmlPage } from '../../src/base/html-page.ts'

t.test(
  'a page has a title that is text, one style, and its policy where no server says it',
  async (t) => {
    const page = { title: 'a <b>', style: 'p{margin:0}', body: '<p>&amp;</p>' }
    const html = htmlPage({ ...page, policy: "default-src 'none'" })
    t.match(html, '<title>a &lt;b&gt;</title>\n<style>p{margin:0}</style>')
    t.match(html, `<meta http-equiv="content-security-policy" content="default-src 'none'">`)
    t.match(html, '<body>\n<p>&amp;</p>\n</body>')
    t.notMatch(htmlPage(page), 'http-equiv')
  },
)
