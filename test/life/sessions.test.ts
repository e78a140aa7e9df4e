import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { Issuer, makeIssuerKey } from '../support/issuer.ts'
import { openScene, yamlFor } from '../support/program-scene.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { send, sendRaw } from '../support/signed-request.ts'

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** The ports of the two listeners of a program. */
interface Gateway {
  readonly s3: number
  readonly sts: number
}

async function assume({ sts }: Gateway, token: string): Promise<Keys> {
  const parameters = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::000000000000:role/billing',
    RoleSessionName: 'load',
    WebIdentityToken: token,
  }
  const body = Buffer.from(new URLSearchParams(parameters).toString())
  const headers = {
    host: `127.0.0.1:${sts}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  }
  const { status, text } = await sendRaw(sts, 'POST', '/', headers, body)
  if (status !== 200) throw new Error(text)
  const of = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? ''
  return {
    accessKeyId: of('AccessKeyId'),
    secretAccessKey: of('SecretAccessKey'),
    sessionToken: of('SessionToken'),
  }
}

async function put({ s3 }: Gateway, keys: Keys): Promise<void> {
  const headers = { 'x-amz-security-token': keys.sessionToken }
  const request = { method: 'PUT', path: '/bucket/k', headers, body: 'x', credentials: keys }
  const { status, text } = await send(s3, request)
  if (status !== 200) throw new Error(text)
}

t.test(
  'workers and processes take each other’s keys, and no change of keys loses a request',
  async (t) => {
    const scene = await openScene()
    const issuer = await Issuer.open()
    t.teardown(async () => {
      issuer.close()
      await scene.close()
    })
    const files = ['seal-1', 'seal-2'].map((name) => join(scene.folder, name))
    const seals = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
    const writeSeals = async (order: readonly (string | undefined)[]): Promise<void> => {
      for (const [i, file] of files.entries()) await writeFile(file, order[i] ?? '')
    }
    await writeSeals(seals)
    const yaml = (workers: number): string =>
      yamlFor({
        upstreamPort: scene.sandbox.port,
        listen: "  - address: '127.0.0.1:0'\n  - { kind: sts, address: '127.0.0.1:0' }",
        clients: `
  - name: billing
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:billing:*'] }
    buckets: [bucket]`,
        more: `workers: ${workers}
sts:
  issuers: [{ name: cluster, issuer: '${issuer.url}', audiences: [sealgate] }]
  sealingKeys: [${files.map((file) => `{ file: '${file}' }`).join(', ')}]`,
      })
    const start = async (workers: number): Promise<SealgateProcess> => {
      const file = join(scene.folder, `sealgate-${workers}.yaml`)
      await writeFile(file, yaml(workers))
      const program = await SealgateProcess.serve(file)
      t.teardown(() => program.close())
      return program
    }
    const programs = await Promise.all([start(2), start(1)])
    const gateways = programs.map((program): Gateway => {
      const [s3, sts] = program.lines('listening')[0]?.listen ?? []
      return { s3: s3?.port ?? 0, sts: sts?.port ?? 0 }
    })

    /** Keys from each gateway, used at each, over connections that reach every worker. */
    const round = async (): Promise<readonly Keys[]> => {
      const token = await issuer.token()
      const issued = await Promise.all(
        gateways.flatMap((of) => [assume(of, token), assume(of, token)]),
      )
      await Promise.all(gateways.flatMap((of) => issued.map((keys) => put(of, keys))))
      return issued
    }
    const old = await round()

    let isOver = false
    let rounds = 0
    const load = (async () => {
      while (!isOver) {
        await round()
        rounds++
      }
    })()
    await writeSeals([...seals].reverse())
    await Promise.all(programs.map((program) => program.logged('certificates renewed')))
    issuer.keys = [await makeIssuerKey('RS256', 'key-2'), ...issuer.keys]
    const from = rounds
    while (rounds < from + 2) await round()
    isOver = true
    await load
    await Promise.all(gateways.flatMap((of) => old.map((keys) => put(of, keys))))
    t.ok(rounds > 2, `${rounds} rounds`)
    t.ok(issuer.reads >= 3)
  },
)
