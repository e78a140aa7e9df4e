import t from 'tap'
import {
  consistencyPath,
  hashLeaf,
  hashNode,
  inclusionPath,
  treeRoot,
} from '../../src/evidence/tree.ts'
import { hashesOf } from './hashes-of.ts'

/** The inputs of the test vectors that Certificate Transparency's implementations share. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => hashLeaf(Buffer.from(hex, 'hex')))

/** Roots of the trees over the first 0 to 8 of these leaves. */
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

t.test('the roots are those of the published vectors', async (t) => {
  ROOTS.forEach((root, size) => {
    t.equal(treeRoot(size, hashesOf(LEAVES)).toString('hex'), root, `${size} leaves`)
  })
})

t.test('the paths are those of RFC 6962, section 2.1.3', async (t) => {
  const leaves = LEAVES.slice(0, 7)
  const read = hashesOf(leaves)
  const [a, b, c, d, e, f, j] = leaves
  if (!a || !b || !c || !d || !e || !f || !j) throw new Error('seven leaves')
  const g = hashNode(a, b)
  const h = hashNode(c, d)
  const i = hashNode(e, f)
  const k = hashNode(g, h)
  const l = hashNode(i, j)
  t.strictSame(inclusionPath(0, 7, read), [b, h, l])
  t.strictSame(inclusionPath(3, 7, read), [c, g, l])
  t.strictSame(inclusionPath(4, 7, read), [f, j, k])
  t.strictSame(inclusionPath(6, 7, read), [i, k])
  t.strictSame(consistencyPath(3, 7, read), [c, d, g, l])
  t.strictSame(consistencyPath(4, 7, read), [l])
  t.strictSame(consistencyPath(6, 7, read), [i, j, k])
})
