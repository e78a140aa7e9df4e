/**
 * Two nginx configurations: the stand-in for S3 behind every proxy, and the pass-through that the
 * figures are compared with.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start } from './processes.mjs'

/** The key that the stand-in says it used; the bench's Sealgate demands the same. */
export const KEY_ID =
  'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/**
 * @typedef {object} TlsFiles
 * @property {string} caFile
 * @property {string} certFile
 * @property {string} keyFile
 */

/**
 * The upstream: GET and HEAD serve files of `folder/data`, PUT under `/bench/put/` reads the body
 * to its end and drops it. Both answers carry S3's SSE headers. Two workers, so that it is not
 * what bounds the proxy.
 *
 * @param {{ folder: string, port: number, tls?: TlsFiles }} options
 */
export async function startUpstream({ folder, port, tls }) {
  const name = tls ? 'upstream-tls' : 'upstream'
  return await startNginx(
    name,
    folder,
    port,
    `load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
${main(folder, name, 2)}
http {
  ${http(folder, name)}
  default_type application/octet-stream;
  lua_socket_buffer_size 256k;
  add_header x-amz-request-id 0123456789ABCDEF always;
  add_header x-amz-id-2 bench always;
  server {
    listen 127.0.0.1:${port} ${tls ? 'ssl' : ''} backlog=4096;
    ${tls ? serverTls(tls) : ''}
    root ${join(folder, 'data')};
    add_header x-amz-request-id 0123456789ABCDEF always;
    add_header x-amz-id-2 bench always;
    add_header x-amz-server-side-encryption aws:kms always;
    add_header x-amz-server-side-encryption-aws-kms-key-id ${KEY_ID} always;
    add_header x-amz-server-side-encryption-bucket-key-enabled true always;
    location / { return 200; }
    location /bench/ { if ($request_method = OPTIONS) { return 200; } }
    location /bench/put/ {
      content_by_lua_block {
        local length = tonumber(ngx.var.http_content_length)
        if length == nil then
          ngx.req.read_body()
        elseif length > 0 then
          local body = ngx.req.socket()
          local data
          repeat data = body:receiveany(262144) until not data
        end
        ngx.header['ETag'] = '"0123456789abcdef0123456789abcdef"'
        ngx.header['Content-Length'] = 0
        ngx.exit(200)
      }
    }
  }
}
`,
  )
}

/**
 * nginx as a reverse proxy that changes nothing and signs nothing: one worker, connections to
 * upstream kept, no file on its way.
 *
 * @param {{ name: string, folder: string, port: number, upstreamPort: number, workers: number,
 *   tls: TlsFiles | undefined, upstreamTls: TlsFiles | undefined }} options
 */
export async function startPassThrough(options) {
  const { name, folder, port, upstreamPort, workers, tls, upstreamTls } = options
  return await startNginx(
    name,
    folder,
    port,
    `${main(folder, name, workers)}
http {
  ${http(folder, name)}
  upstream s3 { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ${tls ? 'ssl' : ''} backlog=4096;
    ${tls ? serverTls(tls) : ''}
    location / {
      proxy_pass ${upstreamTls ? 'https' : 'http'}://s3;
      ${upstreamTls ? `proxy_ssl_trusted_certificate ${upstreamTls.caFile}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3;` : ''}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_buffer_size 16k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
    }
  }
}
`,
  )
}

function main(
  /** @type {string} */ folder,
  /** @type {string} */ name,
  /** @type {number} */ workers,
) {
  // As root, nginx's workers would be www-data, who may not look into a private temporary folder.
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes ${workers};
worker_rlimit_nofile 65536;
pid ${join(folder, `${name}.pid`)};
error_log ${join(folder, `${name}.error.log`)} warn;
events { worker_connections 8192; }`
}

function http(/** @type {string} */ folder, /** @type {string} */ name) {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, `${name}-temp-${kind}`)};`)
    .join(' ')
  return `access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 120s; client_max_body_size 0;
  ${temp}`
}

function serverTls(/** @type {TlsFiles} */ tls) {
  return `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:1m;`
}

async function startNginx(
  /** @type {string} */ name,
  /** @type {string} */ folder,
  /** @type {number} */ port,
  /** @type {string} */ configuration,
) {
  const file = join(folder, `${name}.conf`)
  writeFileSync(file, configuration)
  const args = ['-p', folder, '-e', join(folder, `${name}.error.log`), '-c', file]
  return await start({ name, command: 'nginx', args, port, logFile: join(folder, `${name}.log`) })
}
