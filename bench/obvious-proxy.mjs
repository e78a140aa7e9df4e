/**
 * The obvious program that the bench compares with: http-proxy, and aws4 in its `proxyReq` hook.
 * It adds the SSE headers and signs; it verifies no client, decides nothing and confirms nothing.
 *
 *     node bench/obvious-proxy.mjs PORT UPSTREAM_PORT
 */
import { Agent, createServer } from 'node:http'
import aws4 from 'aws4'
import httpProxy from 'http-proxy'
import { readArguments } from './lib/arguments.mjs'
import { KEY_ID } from './lib/nginx.mjs'
import { REGION } from './lib/sign.mjs'

const {
  positionals: [port, upstreamPort],
} = readArguments(import.meta.url, {}, [2, 2])
const target = `http://127.0.0.1:${upstreamPort}`
const credentials = { accessKeyId: 'UPSTREAM', secretAccessKey: 'upstream-secret' }

const proxy = httpProxy.createProxyServer({
  target,
  changeOrigin: true,
  agent: new Agent({ keepAlive: true, maxSockets: 1_024 }),
})
proxy.on('proxyReq', (proxyReq, req) => {
  /** @type {Record<string, string>} */
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  if (req.method === 'PUT') {
    headers['x-amz-server-side-encryption'] = 'aws:kms'
    headers['x-amz-server-side-encryption-aws-kms-key-id'] = KEY_ID
  }
  const signed = aws4.sign(
    {
      service: 's3',
      region: REGION,
      method: req.method ?? 'GET',
      path: proxyReq.path,
      host: `127.0.0.1:${upstreamPort}`,
      headers,
    },
    credentials,
  )
  for (const [name, value] of Object.entries(signed.headers ?? {})) {
    proxyReq.setHeader(name, String(value))
  }
})
proxy.on('error', (error, _req, res) => {
  process.stderr.write(`${error.message}\n`)
  res.destroy()
})

const server = createServer({ requestTimeout: 0 }, (req, res) => proxy.web(req, res))
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
