import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Verification, verifyTrails } from '../../src/trail/verify.ts'
import { bytesOfLines } from '../../src/trail/verify-trail.ts'
import { ORIGIN, StreamFile, sealingKey, verifierOf } from '../support/make-trail.ts'
import { anchor, seal, smallTrail, verify } from '../support/sealed-trail.ts'

/** One line for each finding. */
function told({ findings }: Verification): readonly string[] {
  const { failures, gaps, notes } = findings
  return [...failures, ...gaps, ...notes].map(({ what, place }) =>
    place?.line === undefined ? what : `${place.file} ${place.line}: ${what}`,
  )
}

/** Folders for the trails of one test. */
function folders(t: Test): (name: string) => string {
  const root = t.testdir()
  return (name) => join(root, name)
}

function linesOf(stream: StreamFile): readonly string[] {
  return readFileSync(stream.path, 'utf8').split('\n').slice(0, -1)
}

function rewrite(stream: StreamFile, lines: readonly string[]): void {
  writeFileSync(stream.path, `${lines.join('\n')}\n`)
}

t.test('an honest trail is verified, sealed or not, and counts add up', async (t) => {
  const directory = t.testdir()
  smallTrail(directory)
  const sealed = await verify(directory)
  t.equal(sealed.verdict, 'verified', told(sealed).join('\n'))
  t.match(sealed.trails, [
    {
      streams: 2,
      lines: 12,
      requests: 7,
      lost: 0,
      files: 2,
      checkpoints: 2,
      unsealed: 0,
      newest: { origin: ORIGIN, size: 12 },
    },
  ])
  rmSync(join(directory, 'tree'), { recursive: true })
  t.equal((await verify(directory, { keys: [] })).verdict, 'verified', 'the chain alone')
  const [one = ''] = readdirSync(join(directory, 'lines'))
  t.equal((await verify(join(directory, 'lines', one), { keys: [] })).verdict, 'verified')
})

t.test('the published vector is verified', async (t) => {
  const directory = t.testdir({
    lines: {
      'a.jsonl': [
        '{"time":"2026-11-28T15:00:00.000Z","record":"open","version":"0.2.0","worker":1,"policy":"sha256:00","stream":"AAECAwQFBgcICQoLDA0ODw","seq":0,"prev":"qFGwmyny_mNtLccSKUEKKPg2zebXOjlRE4JgsCSKa0Q"}',
        '{"time":"2026-11-28T15:00:01.000Z","requestId":"29CSDOOAL5AGCKUF","client":"demo","stream":"AAECAwQFBgcICQoLDA0ODw","seq":1,"prev":"ZLx-2sg6ydDWiLYK-EYQb65bsJRjhr3cL38eSFgR5QM"}',
        '{"time":"2026-11-28T15:00:02.000Z","record":"close","lines":3,"lost":0,"stream":"AAECAwQFBgcICQoLDA0ODw","seq":2,"prev":"LMArvleZX25TwOclGKDANS2JgiNlfFsOCP5iPW8QWJY"}',
        '',
      ].join('\n'),
    },
  })
  seal(directory)
  const found = await verify(directory)
  t.equal(found.verdict, 'verified', told(found).join('\n'))
  t.match(
    readFileSync(join(directory, 'tree/checkpoint'), 'utf8'),
    /\n3\n8Y3TyKOuDLW1\/HZ8iJQsrDoRav8gAgH4UK2r\+\/LyH3A=\n\n— \S+ g2DCUo4o2I9yGlPU6Xm9D2RW06R3KAsX5w9ewBqMjeLplOMFkZD0VnL686eo1YpRjGNOBVM1rRgZXuDt3NVlu5n4aA4=\n$/,
  )
})

type Case = readonly [
  name: string,
  harm: (directory: string, streams: readonly StreamFile[]) => void,
  verdict: Verification['verdict'],
  says: RegExp,
]

const [ONE, TWO] = ['one.0000.jsonl', 'two.0000.jsonl']

/** What happens to a sealed trail that is closed. */
const SEALED: readonly Case[] = [
  [
    'a line edited',
    (_, [one]) =>
      one &&
      rewrite(
        one,
        linesOf(one).map((line) => line.replace('R2', 'R9')),
      ),
    'failed',
    /^one\.0000\.jsonl 3: line is not what was sealed as leaf 2$/,
  ],
  [
    'a line removed',
    (_, [one]) =>
      one &&
      rewrite(
        one,
        linesOf(one).filter((_, i) => i !== 2),
      ),
    'failed',
    /^one\.0000\.jsonl 3: line is not what was sealed as leaf 2$/,
  ],
  [
    'two lines swapped',
    (_, [one]) => {
      if (one === undefined) return
      const [a = '', b = '', c = '', ...rest] = linesOf(one)
      rewrite(one, [a, c, b, ...rest])
    },
    'failed',
    /^one\.0000\.jsonl 2: line is not what was sealed as leaf 1$/,
  ],
  [
    'a line without chain inserted',
    (_, [one]) => {
      if (one === undefined) return
      const [a = '', ...rest] = linesOf(one)
      rewrite(one, [a, '{"time":"2026-11-28T15:00:00.000Z"}', ...rest])
    },
    'failed',
    /^one\.0000\.jsonl 2: line is not what was sealed as leaf 1$/,
  ],
  [
    'a tail cut',
    (_, [one]) => one && truncateSync(one.path, 900),
    'failed',
    /sealed lines are missing/,
  ],
  [
    "a stream's file removed",
    (_, [one]) => one && rmSync(one.path),
    'failed',
    /^4 sealed lines are missing: leaves 0 to 3$/,
  ],
  [
    'a line behind the end of its stream',
    (_, [one]) => one?.request(1),
    'failed',
    /^one\.0000\.jsonl 8: a line behind the end of its stream$/,
  ],
  [
    'bytes behind the end',
    (_, [one]) => one && appendFileSync(one.path, 'x'),
    'failed',
    /1 bytes stand behind the end of the stream/,
  ],
  [
    'a file without chain',
    (directory) => writeFileSync(join(directory, 'lines/x.jsonl'), '{"time":"now"}\n'),
    'failed',
    /^x\.jsonl 1: a line without chain$/,
  ],
  [
    'the tree removed',
    (directory) => rmSync(join(directory, 'tree'), { recursive: true }),
    'failed',
    /no checkpoint: nothing here is signed/,
  ],
  [
    'the order removed',
    (directory) => rmSync(join(directory, 'tree/order')),
    'failed',
    /^it does not lead to the checkpoint$/,
  ],
  [
    'a tile removed',
    (directory) => rmSync(join(directory, 'tree/tile/0/000.p/12')),
    'failed',
    /^a tile is missing or damaged$/,
  ],
  [
    'the newest checkpoint removed',
    (directory) => rmSync(join(directory, 'tree/checkpoints/00000000000000000012')),
    'failed',
    /published checkpoint is none of those/,
  ],
  [
    'a file renamed',
    (_, [one]) => one && renameSync(one.path, `${one.path}.old.jsonl`),
    'verified',
    /^$/,
  ],
  [
    'gzip',
    (_, [one]) => {
      if (one === undefined) return
      writeFileSync(`${one.path}.gz`, gzipSync(readFileSync(one.path)))
      rmSync(one.path)
    },
    'verified',
    /^$/,
  ],
  [
    'gzip, and another member behind it',
    (_, [one]) => {
      if (one === undefined) return
      const member = gzipSync(readFileSync(one.path))
      writeFileSync(`${one.path}.gz`, Buffer.concat([member, gzipSync('{"time":"x"}\n')]))
      rmSync(one.path)
    },
    'failed',
    /^\d+ bytes stand behind its gzip member$/,
  ],
  [
    'gzip, cut',
    (_, [one]) => {
      if (one === undefined) return
      writeFileSync(`${one.path}.gz`, gzipSync(readFileSync(one.path)).subarray(0, -30))
      rmSync(one.path)
    },
    'failed',
    /^it is no whole gzip member$/,
  ],
  [
    'a batch written twice',
    (_, [one]) => one && appendFileSync(one.path, `${linesOf(one).slice(-2).join('\n')}\n`),
    'verified',
    /^one\.0000\.jsonl 8: line 5 of its stream stands there twice, the same$/,
  ],
]

for (const [name, harm, verdict, says] of SEALED) {
  t.test(`a sealed trail, ${name}: ${verdict}`, async (t) => {
    const directory = t.testdir()
    harm(directory, smallTrail(directory))
    const found = await verify(directory)
    t.equal(found.verdict, verdict, told(found).join('\n'))
    t.match(told(found)[0] ?? '', says)
  })
}

/** What happens to lines that no checkpoint covers; the stream is not closed. */
const UNSEALED: readonly Case[] = [
  ['nothing', () => undefined, 'gaps', /is cut after line 6, .*: a crash, or somebody cut it/],
  [
    'kill -9 in the middle of a line',
    (_, [one]) => one && appendFileSync(one.path, '{"time":"2026'),
    'gaps',
    /is cut after line 6, .*one torn fragment of 13 bytes/,
  ],
  [
    'the tail cut',
    (_, [one]) => one && rewrite(one, linesOf(one).slice(0, -1)),
    'gaps',
    /is cut after line 5, .*: a crash, or somebody cut it/,
  ],
  [
    'zeros behind the last line, as a power loss leaves them',
    (_, [one]) => one && appendFileSync(one.path, Buffer.alloc(100)),
    'gaps',
    /is cut after line 6, .*one torn fragment of 100 bytes/,
  ],
  [
    'a line edited',
    (_, [one]) =>
      one &&
      rewrite(
        one,
        linesOf(one).map((line) => line.replace('R5', 'R9')),
      ),
    'failed',
    /^one\.0000\.jsonl 6: a line is not the one that the next line follows$/,
  ],
  [
    'a line removed',
    (_, [one]) =>
      one &&
      rewrite(
        one,
        linesOf(one).filter((_, i) => i !== 5),
      ),
    'failed',
    /^one\.0000\.jsonl 6: line 5 of stream \S+ are missing$/,
  ],
  [
    'lines lost, and told',
    (_, [one]) => {
      const time = one?.time ?? ''
      one?.chain.skip()
      one?.chain.skip()
      one?.control({
        record: 'lost',
        first: 7,
        count: 2,
        from: time,
        until: time,
        cause: 'overflow',
      })
      one?.close(2)
    },
    'gaps',
    /lines 7 to 8 of stream \S+ are lost, as it says/,
  ],
  [
    'a fork',
    (_, [one]) => {
      if (one === undefined) return
      const line = linesOf(one).at(-1) ?? ''
      appendFileSync(one.path, `${line.replace('R6', 'R7')}\n`)
    },
    'failed',
    /^one\.0000\.jsonl 8: another line 6 of its stream: a fork$/,
  ],
  [
    'a line that a full disk tore twice, and then the whole',
    (_, [one]) => {
      if (one === undefined) return
      const line = one.chain.link('{"time":"2026"}')
      appendFileSync(
        one.path,
        `${line.slice(0, 30)}\n\n${line.slice(0, 20)}\n${line.slice(0, 40)}\n`,
      )
      one.line('{"time":"2026"}')
      one.close()
    },
    'gaps',
    /an empty line/,
  ],
  [
    'a line that a full disk tore twice, and a kill',
    (_, [one]) => {
      if (one === undefined) return
      const line = one.chain.link('{"time":"2026"}')
      appendFileSync(one.path, `${line.slice(0, 30)}\n${line.slice(0, 20)}`)
    },
    'gaps',
    /is cut after line 6, .*one torn fragment/,
  ],
  [
    'a torn line, its line end, and a kill',
    (_, [one]) =>
      one && appendFileSync(one.path, `${one.chain.link('{"time":"2026"}').slice(0, 30)}\n`),
    'gaps',
    /is cut after line 6, .*one torn fragment of 30 bytes/,
  ],
  [
    'two beginnings of different lines',
    (_, [one]) => one && appendFileSync(one.path, '{"time":"2026\n{"time":"2027\n'),
    'failed',
    /a line without chain/,
  ],
  [
    'a whole line without chain, twice',
    (_, [one]) => one && appendFileSync(one.path, '{"time":"2026"}\n{"time":"2026"}\n'),
    'failed',
    /a line without chain/,
  ],
  [
    'a torn line, and then the whole',
    (_, [one]) => {
      if (one === undefined) return
      appendFileSync(one.path, `${one.chain.link('{"time":"2026"}').slice(0, 30)}\n`)
      one.line('{"time":"2026"}')
      one.close()
    },
    'verified',
    /a fragment of the line that follows it/,
  ],
  [
    'silence',
    (_, [one]) => {
      one?.wait(400)
      one?.close()
    },
    'gaps',
    /no sign of life from .* to /,
  ],
  [
    'the clock set back',
    (_, [one]) => {
      one?.wait(-100)
      one?.close()
    },
    'verified',
    /the clock was set back/,
  ],
]

for (const [name, harm, verdict, says] of UNSEALED) {
  t.test(`behind the last checkpoint, ${name}: ${verdict}`, async (t) => {
    const directory = t.testdir()
    const one = new StreamFile(directory, 'one')
    one.request(3)
    seal(directory)
    one.request(3)
    harm(directory, [one])
    const found = await verify(directory)
    t.equal(found.verdict, verdict, told(found).join('\n'))
    t.ok(
      told(found).some((text) => says.test(text)),
      told(found).join('\n'),
    )
  })
}

t.test('a stream that lived just now may still be open', async (t) => {
  const directory = t.testdir()
  const one = new StreamFile(directory, 'one')
  one.request(3)
  seal(directory)
  const found = await verify(directory, { nowMs: Date.parse(one.time) + 60_000 })
  t.equal(found.verdict, 'verified', told(found).join('\n'))
  t.match(told(found), [/is open$/])
})

t.test('only somebody else can tell of a tree that was rewritten with the key', async (t) => {
  const at = folders(t)
  smallTrail(at('trail'))
  anchor(at('trail'), at('anchor'), 12)
  t.equal((await verify(at('trail'), { anchor: at('anchor') })).verdict, 'verified')
  const forged = new StreamFile(at('forged'), 'one')
  forged.request(10)
  forged.close()
  seal(at('forged'))
  t.equal((await verify(at('forged'))).verdict, 'verified', 'it is consistent in itself')
  const found = await verify(at('forged'), { anchor: at('anchor') })
  t.equal(found.verdict, 'failed')
  t.match(told(found), [/do not lead to the root that somebody else holds at size 12/])
})

t.test('a trail that was cut back, tree and all, is shorter than its anchor', async (t) => {
  const at = folders(t)
  const one = new StreamFile(at('trail'), 'one')
  one.request(3)
  seal(at('trail'))
  cpSync(at('trail'), at('older'), { recursive: true })
  one.close()
  seal(at('trail'))
  anchor(at('trail'), at('anchor'), 5)
  const found = await verify(at('older'), { anchor: at('anchor') })
  t.match(told(found), [/^1 lines that were sealed are not in tree: the checkpoint is of 5$/])
})

t.test('a log that only the anchor knows is withheld', async (t) => {
  const at = folders(t)
  smallTrail(at('trail'))
  anchor(at('trail'), at('anchor'), 12)
  mkdirSync(at('empty'))
  const found = await verify(at('empty'), { anchor: at('anchor') })
  t.equal(found.verdict, 'failed')
  t.ok(told(found).some((text) => text.startsWith(`withheld: the anchor knows ${ORIGIN}`)))
})

t.test('signatures of other keys do not count', async (t) => {
  const directory = t.testdir()
  smallTrail(directory)
  const found = await verify(directory, { keys: [verifierOf(sealingKey(64))] })
  t.equal(found.verdict, 'failed')
  t.match(told(found)[0], /no signature of a known key/)
})

t.test('a key change is followed with both keys', async (t) => {
  const directory = t.testdir()
  const [old, next] = [sealingKey(), sealingKey(64)]
  const one = new StreamFile(directory, 'one')
  seal(directory, [old])
  one.request(1)
  seal(directory, [next, old])
  one.close()
  seal(directory, [next])
  const keys = [verifierOf(old), verifierOf(next)]
  t.equal((await verify(directory, { keys })).verdict, 'verified')
})

t.test('a tree that was set aside fails until it is cleared up', async (t) => {
  const directory = t.testdir()
  const one = new StreamFile(directory, 'one')
  one.request(9)
  seal(directory)
  truncateSync(one.path, 700)
  seal(directory)
  const found = await verify(directory)
  t.equal(found.verdict, 'failed')
  t.ok(
    told(found).some((text) => /sealed lines are missing: leaves/.test(text)),
    told(found).join('\n'),
  )
  rmSync(join(directory, 'tree-0'), { recursive: true })
  const cleared = await verify(directory)
  t.equal(cleared.verdict, 'gaps')
  t.ok(
    told(cleared).some((text) =>
      /^\S+gw-0\/1 follows a tree that is not here, of epoch 0: signed lines were lost/.test(text),
    ),
    told(cleared).join('\n'),
  )
})

t.test('what is no torn line is not taken for one', async (t) => {
  const at = folders(t)
  const forged = '{"time":"2026-11-28T15:00:00.000Z","requestId":"FORGED"}'
  for (const [name, harm, says] of [
    [
      'before',
      (one) => rewrite(one, [forged, ...linesOf(one)]),
      /^one\.0000\.jsonl 1: a line without chain$/,
    ],
    [
      'behind',
      (one) => appendFileSync(one.path, forged),
      /^a line without chain, and without its end$/,
    ],
    [
      'far',
      (one) => appendFileSync(one.path, `${'x'.repeat(5 * 1024 * 1024)}\n${forged}\n`),
      /^a line of more than 4 MiB$/,
    ],
  ] as readonly (readonly [string, (one: StreamFile) => void, RegExp])[]) {
    const one = new StreamFile(at(name), 'one')
    one.request(2)
    harm(one)
    const found = await verify(at(name), { keys: [] })
    t.equal(found.verdict, 'failed', name)
    t.match(told(found)[0], says)
  }
  const cut = new StreamFile(at('cut'), 'one')
  cut.request(1)
  const next = cut.chain.link('{"time":"2026-11-28T15:00:01.000Z","requestId":"R2"}')
  appendFileSync(cut.path, next)
  t.match(told(await verify(at('cut'), { keys: [] })), [/one torn fragment of \d+ bytes/])
})

t.test('a sign of life in the future keeps no stream open', async (t) => {
  const directory = t.testdir()
  const one = new StreamFile(directory, 'one')
  one.wait(100 * 365 * 86_400)
  one.control({ record: 'alive', requests: 0, lost: 0 })
  const found = await verify(directory, { keys: [], nowMs: minute(1) })
  t.equal(found.verdict, 'gaps')
  t.match(told(found), [/no sign of life/, /is cut after line 1, last sign of life 2126/])
})

t.test('a stream goes on over files, whatever their names', async (t) => {
  const directory = t.testdir()
  const one = new StreamFile(directory, 'one')
  one.request(6)
  one.close()
  const lines = linesOf(one)
  writeFileSync(join(directory, 'lines', 'z.jsonl'), `${lines.slice(0, 4).join('\n')}\n`)
  rewrite(one, lines.slice(4))
  t.equal((await verify(directory, { keys: [] })).verdict, 'verified')
  t.strictSame(readdirSync(join(directory, 'lines')), [ONE, 'z.jsonl'])
  t.not(ONE, TWO)
})

/** So many minutes after the first line. */
function minute(minutes: number): number {
  return Date.UTC(2026, 10, 28, 15, minutes)
}

/** Streams by the minute in which they open; each tells of itself once a minute for ten. */
function lives(directory: string, opens: readonly number[], closes: boolean): void {
  for (const at of opens) {
    const life = new StreamFile(directory, `life${at}`, `life${at}`.padEnd(22, '0'), at * 60)
    for (let i = 0; i < 10; i++) {
      life.request(2)
      life.wait(58)
      life.control({ record: 'alive', requests: 2 * (i + 1), lost: 0 })
    }
    if (closes) life.close()
  }
  seal(directory)
}

t.test('completeness is asked for a period', async (t) => {
  const at = folders(t)
  lives(at('whole'), [0, 11, 40], true)
  const ask = async (name: string, fromMs: number, toMs: number) => {
    const found = await verify(at(name), { period: { fromMs, toMs } })
    const { outsideCount } = found.findings
    return { verdict: found.verdict, outsideCount, told: told(found), trails: found.trails }
  }
  t.match(await ask('whole', minute(0), minute(21)), {
    verdict: 'verified',
    outsideCount: 0,
    trails: [{ requests: 60, inPeriod: { requests: 40, lines: 62 } }],
  })
  t.match(await ask('whole', minute(5), minute(6)), {
    verdict: 'verified',
    trails: [{ inPeriod: { requests: 2, lines: 3 } }],
  })
  t.match(await ask('whole', minute(15), minute(45)), {
    verdict: 'gaps',
    told: ['no stream was open from 2026-11-28T15:21:00.000Z to 2026-11-28T15:40:00.000Z'],
  })
  t.match(await ask('whole', minute(100), minute(110)), {
    verdict: 'gaps',
    told: ['no stream was open from 2026-11-28T16:40:00.000Z to 2026-11-28T16:50:00.000Z'],
  })
  t.match(await ask('whole', Number.NEGATIVE_INFINITY, minute(21)), { verdict: 'verified' })

  lives(at('cut'), [0, 11], false)
  t.match(await ask('cut', minute(15), minute(20)), {
    verdict: 'verified',
    outsideCount: 2,
    told: { length: 0 },
  })
  t.match(
    await ask('cut', minute(10), minute(11)),
    { verdict: 'gaps', told: [/life00.* is cut/] },
    'between its last sign of life and the next process',
  )
  t.match(
    await ask('cut', minute(21), minute(22)),
    { verdict: 'gaps', told: [/life110.* is cut/] },
    'nothing bounds the last one',
  )
})

t.test('a bad line fails whatever the period is', async (t) => {
  const directory = t.testdir()
  const [one] = smallTrail(directory)
  if (one !== undefined) rewrite(one, linesOf(one).slice(1))
  const period = { fromMs: minute(100), toMs: minute(110) }
  t.equal((await verify(directory, { period })).verdict, 'failed')
})

t.test('a file beside its compressed form fails: only one of them is read', async (t) => {
  const directory = t.testdir()
  const [one] = smallTrail(directory)
  if (one === undefined) return
  writeFileSync(`${one.path}.gz`, gzipSync(readFileSync(one.path)))
  appendFileSync(one.path, `${linesOf(one).at(-2)}\n`)
  const found = await verify(directory)
  t.equal(found.verdict, 'failed')
  t.match(told(found)[0], 'it is here twice, compressed and not')
})

t.test('a folder among the line files is told of', async (t) => {
  const directory = t.testdir()
  smallTrail(directory)
  mkdirSync(join(directory, 'lines/more'))
  const found = await verify(directory)
  t.equal(found.verdict, 'verified')
  t.strictSame(told(found), ['neither a file nor read'])
})

t.test('progress grows to the bytes of the line files', async (t) => {
  const directory = t.testdir()
  smallTrail(directory)
  const [name = ''] = readdirSync(join(directory, 'lines'))
  const path = join(directory, 'lines', name)
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
  rmSync(path)
  const seen: number[] = []
  await verifyTrails({
    paths: [directory],
    verifiers: [verifierOf()],
    anchor: undefined,
    nowMs: minute(100),
    onProgress: (bytes) => void seen.push(bytes),
  })
  t.strictSame(
    seen,
    [...seen].sort((a, b) => a - b),
  )
  // A gzip member has a header and a trailer beside what is decompressed.
  const all = bytesOfLines(directory)
  t.ok((seen.at(-1) ?? 0) > all - 30 && (seen.at(-1) ?? 0) <= all)
})
