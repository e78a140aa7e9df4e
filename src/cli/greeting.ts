import type { Config } from '../config/config.ts'
import type { ServiceAddresses } from '../service/service.ts'
import { DEMO_BUCKET } from './embedded-s3.ts'

/**
 * The output of `npm start`: the addresses, and the commands of README's tour, which a test compares.
 * Only used with the embedded S3.
 */
export function greeting(config: Config, { listen, admin }: ServiceAddresses): string {
  const [first] = listen
  const client = config.clients.find(({ identity }) => identity.kind === 'keys')
  if (first === undefined || client?.identity.kind !== 'keys') return ''
  const url = `http://${first.host}:${first.port}`
  const { accessKeyId, secretAccessKeys } = client.identity
  const [secret = ''] = secretAccessKeys
  const { region } = config.upstream
  const sign = `curl --aws-sigv4 aws:amz:${region}:s3 --user $KEYS -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'`
  const object = `${url}/${DEMO_BUCKET}/hello.txt`
  const metrics = admin === undefined ? '' : `\n  curl http://${admin.host}:${admin.port}/metrics`
  return `
Sealgate is up at ${url}, in front of the embedded S3. Try, in another terminal:

  echo hello > /tmp/hello.txt
  KEYS='${accessKeyId}:${secret}'
  ${sign} \\
       -T /tmp/hello.txt ${object} -i
      (x-amz-server-side-encryption: aws:kms, though nobody asked for it)

  AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secret} \\
       AWS_REGION=${region} aws --endpoint-url ${url} s3 cp /tmp/hello.txt s3://${DEMO_BUCKET}/

  ${sign} \\
       -H 'x-amz-server-side-encryption: aws:kms' ${object}
      (400 BadRequest: an encryption header has no place on a read)
${metrics}

`
}
