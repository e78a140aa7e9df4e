import t from 'tap'
import { AllowedHosts } from '../../src/egress/allowed-hosts.ts'

const hosts = new AllowedHosts([
  'repo.corp.example:443',
  '*.telemetry.example',
  'plain.example',
  '*.ports.example:8443',
  '[fd12::1]:8080',
  '10.1.2.3',
])

const CASES: readonly (readonly [host: string, port: number, isAllowed: boolean])[] = [
  ['repo.corp.example', 443, true],
  ['repo.corp.example', 80, false],
  ['repo.corp.example', 444, false],
  ['a.repo.corp.example', 443, false],
  ['xrepo.corp.example', 443, false],
  ['a.telemetry.example', 80, true],
  ['a.b.telemetry.example', 443, true],
  ['telemetry.example', 443, false],
  ['.telemetry.example', 443, false],
  ['xtelemetry.example', 443, false],
  ['a.telemetry.example', 8080, false],
  ['a.telemetry.example.evil.example', 443, false],
  ['plain.example', 80, true],
  ['plain.example', 443, true],
  ['plain.example', 22, false],
  ['a.ports.example', 8443, true],
  ['a.ports.example', 443, false],
  ['fd12::1', 8080, true],
  ['fd12::1', 80, false],
  ['10.1.2.3', 80, true],
  ['10.1.2.4', 80, false],
]

for (const [host, port, isAllowed] of CASES) {
  t.test(`${host}:${port} is ${isAllowed ? '' : 'not '}allowed`, async (t) => {
    t.equal(hosts.allows(host, port), isAllowed)
  })
}

t.test('an empty list allows nothing', async (t) => {
  t.equal(new AllowedHosts([]).allows('a.example', 443), false)
})
