/** Every variable that leads the AWS SDK to credentials, so that the machine's own play no part. */
const CLEARED = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_ENDPOINT_URL_STS',
] as const

/** The environment of this process; the AWS SDK reads nothing else. */
// biome-ignore lint/style/noProcessEnv: the SDK takes its settings from here alone
const ENVIRONMENT = process.env

/** Runs with these variables and none of AWS's others; puts the environment back. */
export async function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  run: (env: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  const before = { ...ENVIRONMENT }
  for (const name of CLEARED) delete ENVIRONMENT[name]
  // Shared files that do not exist, and no way to the real metadata service.
  const base = {
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
  }
  Object.assign(ENVIRONMENT, base, variables)
  try {
    return await run(ENVIRONMENT)
  } finally {
    for (const name of Object.keys(ENVIRONMENT)) delete ENVIRONMENT[name]
    Object.assign(ENVIRONMENT, before)
  }
}
