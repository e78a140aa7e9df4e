import t from 'tap'
import { tilePath, tilesOf } from '../../src/evidence/tile.ts'

t.test('the path of a tile is that of tlog-tiles', async (t) => {
  const full = { level: 0, width: 256 }
  t.equal(tilePath({ ...full, index: 0 }), 'tile/0/000')
  t.equal(tilePath({ ...full, index: 1_234_067 }), 'tile/0/x001/x234/067')
  t.equal(tilePath({ level: 3, index: 999, width: 1 }), 'tile/3/999.p/1')
  t.equal(tilePath({ level: 1, index: 1000, width: 255 }), 'tile/1/x001/000.p/255')
})

t.test('a tree of 256 leaves is two tiles, one of 257 is three', async (t) => {
  t.strictSame([...tilesOf(0)], [])
  t.strictSame([...tilesOf(256)].map(tilePath), ['tile/0/000', 'tile/1/000.p/1'])
  t.strictSame([...tilesOf(257)].map(tilePath), ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1'])
})
