import t from 'tap'
import { tapDocument } from '../../src/upstream/document-tap.ts'
import type { AnswerSink } from '../../src/upstream/upstream-answer.ts'

t.test('the copy stays right if the memory of what has passed is read into again', async (t) => {
  const memory = Buffer.alloc(8)
  const passed: string[] = []
  const tap = tapDocument(
    {
      attach: (sink: AnswerSink) => {
        for (const piece of ['<Deleted', '></Delet', 'ed>']) {
          memory.write(piece)
          sink.write(memory.subarray(0, piece.length))
        }
        memory.fill(0)
        sink.end()
      },
      resume: () => undefined,
      abort: () => undefined,
    },
    64,
  )
  t.equal(tap.document(), undefined, 'there is no document before its end')
  tap.attach({
    write: (chunk) => {
      passed.push(chunk.toString())
      return true
    },
    end: () => undefined,
    fail: (error) => t.fail(error.message),
  })
  t.equal(tap.document()?.toString(), '<Deleted></Deleted>')
  t.equal(passed.join(''), '<Deleted></Deleted>')
})

t.test('there is no copy of a document that is longer than the limit', async (t) => {
  const tap = tapDocument(
    {
      attach: (sink: AnswerSink) => {
        sink.write(Buffer.alloc(65))
        sink.end()
      },
      resume: () => undefined,
      abort: () => undefined,
    },
    64,
  )
  tap.attach({ write: () => true, end: () => undefined, fail: () => undefined })
  t.equal(tap.document(), undefined)
})
