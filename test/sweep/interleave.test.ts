import t from 'tap'
import { startForwarder } from './forwarder.ts'
import { PROPERTIES, type Scene, startScene } from './reseal-scene.ts'
import { openLink } from './s3-link.ts'

const METHODS = ['update', 'copy', 'multipart-copy'] as const

/** What others do to an object while it is sealed again, and what must hold afterwards. */
const OTHERS = {
  'a lifecycle rule deletes it': {
    act: (scene: Scene) => scene.ask({ method: 'DELETE', key: 'key' }),
    holds: ({ s3 }: Scene) => s3.inspect('bucket', 'key') === undefined,
  },
  'somebody writes another text': {
    act: (scene: Scene) => scene.put('key', ['x-amz-meta-writer', 'theirs'], 'theirs'),
    holds: ({ s3 }: Scene) => s3.inspect('bucket', 'key')?.metadata['writer'] === 'theirs',
  },
}

for (const versioning of ['enabled', 'suspended', 'never'] as const) {
  for (const [name, { act, holds }] of Object.entries(OTHERS)) {
    t.test(`versioning ${versioning}: ${name} at any time, and that stays`, async (t) => {
      const scene = await startScene(t, versioning)
      let left = -1
      const port = await startForwarder(t, scene.s3.port, async (_asked, body) => {
        if (left-- === 0) await act(scene)
        return body
      })
      const link = openLink(port)
      t.teardown(() => link.close())
      for (const method of METHODS) {
        // After the answer to each of our requests, until there are no more of them.
        for (let at = 0; ; at++) {
          await scene.put('key', PROPERTIES, 'ours')
          const state = await scene.state('key')
          left = at
          const outcome = await scene.reseal('key', method, { state }, link)
          if (left >= 0) break
          t.ok(holds(scene), `${method}, request ${at}: ${JSON.stringify(outcome)}`)
          t.not(outcome.kind, 'failed', `${method}, request ${at}`)
          t.equal(await scene.uploads(), 0)
        }
      }
    })
  }
}
