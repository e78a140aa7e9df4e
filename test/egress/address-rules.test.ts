import fc from 'fast-check'
import t from 'tap'
import { AddressRules } from '../../src/egress/address-rules.ts'

const CLOSED = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200'],
  ...['127.0.0.1', '127.255.255.254', '169.254.0.1', '169.254.169.254', '169.254.170.2'],
  ...['172.16.0.1', '172.31.255.255', '192.0.0.192', '192.168.1.1', '198.18.0.1', '198.19.255.255'],
  ...['168.63.129.16', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1'],
  ...['255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
  ...['::ffff:a9fe:a9fe', '64:ff9b::8.8.8.8', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001:db8::1', '2002:7f00:1::1'],
  ...['2002:808:808::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fd12:3456::1'],
  ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
] as const

const OPEN = [
  ...['1.1.1.1', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1', '126.255.255.255'],
  ...['128.0.0.1', '169.253.255.255', '169.255.0.1', '172.15.255.255', '172.32.0.1', '192.167.1.1'],
  ...['192.169.1.1', '198.17.255.255', '198.20.0.1', '223.255.255.255'],
  ...['2001:4860:4860::8888', '2606:4700::1111', '2600:1f18::1', '2a05:d014::1'],
] as const

t.test('what is not for the public internet is closed', async (t) => {
  const rules = new AddressRules([])
  for (const address of CLOSED) t.equal(rules.isOpen(address), false, address)
})

t.test('public addresses are allowed', async (t) => {
  const rules = new AddressRules([])
  for (const address of OPEN) t.equal(rules.isOpen(address), true, address)
})

t.test('what is no address is closed', async (t) => {
  const rules = new AddressRules(['0.0.0.0/0', '::/0'])
  for (const text of ['', 'localhost', '127.1', '0x7f.0.0.1', '2130706433', '010.0.0.1', '[::1]']) {
    t.equal(rules.isOpen(text), false, text)
  }
})

t.test('closed addresses open by address and by range, to the last one', async (t) => {
  const rules = new AddressRules(['10.1.2.0/24', '127.0.0.1', 'fd12::/16'])
  for (const open of ['10.1.2.0', '10.1.2.255', '127.0.0.1', 'fd12::1', '::ffff:10.1.2.3']) {
    t.equal(rules.isOpen(open), true, open)
  }
  for (const closed of ['10.1.1.255', '10.1.3.0', '127.0.0.2', 'fd13::1', '::ffff:10.1.3.3']) {
    t.equal(rules.isOpen(closed), false, closed)
  }
})

t.test(
  'what hands out credentials stays closed whatever is allowed, in every spelling',
  async (t) => {
    const rules = new AddressRules(['0.0.0.0/0', '::/0', '169.254.169.254', 'fd00:ec2::254'])
    for (const address of [
      ...['169.254.169.254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::a9fe:a9fe'],
      ...['64:ff9b::169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1'],
      ...['169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:0ec2:0:0:0:0:0:254'],
      'fd00:ec2::23',
      // NAT64 under the local prefix (RFC 8215) in its lengths 48, 56, 64 and 96, and one of a network.
      ...['64:ff9b:1:a9fe:a9:fe00::', '64:ff9b:1:12a9:fe:a9fe::', '64:ff9b:1:1234:a9:fea9:fe00:0'],
      ...['64:ff9b:1::a9fe:a9fe', '64:ff9b:1:1:2:3:169.254.170.23', '2a05:d014:64:64::a9fe:a9fe'],
      // Lengths 32 and 40, then IPv4-translated (RFC 2765), and ISATAP.
      ...['2a05:d014:a9fe:a9fe::', '2a05:d014:64a9:fea9:fe::', '::ffff:0:169.254.169.254'],
      ...['::ffff:0:a9fe:aa02', 'fe80::5efe:169.254.169.254'],
    ]) {
      t.equal(rules.isOpen(address), false, address)
    }
    for (const address of ['169.254.169.253', '64:ff9b:1::a9fe:a9fd', '::ffff:0:8.8.8.8']) {
      t.equal(rules.isOpen(address), true, address)
    }
  },
)

t.test(
  'the address of a credential service is refused in any place of an IPv6 address, in any spelling',
  async (t) => {
    const rules = new AddressRules(['::/0'])
    const places = [
      [2, 3, 4, 5],
      [4, 5, 6, 7],
      [5, 6, 7, 9],
      [6, 7, 9, 10],
      [7, 9, 10, 11],
      [9, 10, 11, 12],
      [12, 13, 14, 15],
    ]
    const services = ['169.254.169.254', '169.254.170.2', '169.254.170.23']
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.constantFrom(...places),
        fc.constantFrom(...services),
        fc.constantFrom('full', 'short', 'dotted'),
        (bytes, place, service, spelling) => {
          const octets = service.split('.').map(Number)
          for (const [i, at] of place.entries()) bytes[at] = octets[i] ?? 0
          const groups = Array.from({ length: 8 }, (_, i) =>
            ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16),
          )
          const full = groups.join(':')
          const dotted = `${groups.slice(0, 6).join(':')}:${bytes.subarray(12).join('.')}`
          const short = new URL(`http://[${full}]/`).hostname.slice(1, -1)
          const address = { full, dotted, short }[spelling]
          t.equal(rules.isOpen(address), false, address)
        },
      ),
    )
  },
)
