import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { greeting } from '../../src/cli/greeting.ts'
import { loaded, SOUND } from '../support/load-config.ts'

const ADDRESSES = {
  listen: [{ host: '127.0.0.1', port: 18080 }],
  admin: { host: '127.0.0.1', port: 19090 },
}

t.test('the greeting has the addresses that are really there, and lines to try', async (t) => {
  const text = greeting(await loaded(SOUND), ADDRESSES)
  t.match(text, 'Sealgate is up at http://127.0.0.1:18080, in front of the embedded S3')
  t.match(text, 'curl http://127.0.0.1:19090/metrics')
  t.match(text, "KEYS='SGBILLING0000000001:a-secret-of-some-length'")
  t.match(text, '-T /tmp/hello.txt http://127.0.0.1:18080/demo/hello.txt')
  t.match(text, 'curl --aws-sigv4 aws:amz:eu-central-1:s3')
  t.match(text, 'aws --endpoint-url http://127.0.0.1:18080 s3 cp /tmp/hello.txt s3://demo/')
})

t.test("the lines are those of README's tour, word for word", async (t) => {
  const config = await loaded(parse(readFileSync('config/sandbox.yaml', 'utf8')))
  const addresses = {
    listen: [{ host: '127.0.0.1', port: 8080 }],
    admin: { host: '127.0.0.1', port: 9090 },
  }
  const text = greeting(config, addresses).replace(/^ {2}/gm, '')
  const [, tour = ''] = readFileSync('README.md', 'utf8').split('## A tour')
  const [own = ''] = tour.split('\n## ')
  const blocks = [...own.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block)
  // The command line's own commands need the checkout.
  const shared = blocks.filter((block) => !block.startsWith('node '))
  t.equal(shared.length, 4)
  for (const block of shared) t.ok(text.includes(block), block)
})

t.test('without an admin listener no line speaks of metrics', async (t) => {
  const text = greeting(await loaded(SOUND), { ...ADDRESSES, admin: undefined })
  t.match(text, 'Sealgate is up')
  t.notMatch(text, 'metrics')
})

t.test('there is nothing to greet with where nobody has keys, or nothing listens', async (t) => {
  const clients = [{ name: 'app', anonymous: true, buckets: ['*'] }]
  t.equal(greeting(await loaded({ ...SOUND, clients }), ADDRESSES), '')
  t.equal(greeting(await loaded(SOUND), { ...ADDRESSES, listen: [] }), '')
})
