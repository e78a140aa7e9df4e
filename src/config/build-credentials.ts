import { type BuildContext, readSecret, resolvePath } from './build-context.ts'
import type { ConfigPath } from './problems.ts'
import type { CredentialsConfig, RawCredentials } from './schema-credentials.ts'

/**
 * Builds the credentials' configuration with secrets read; reports problems and returns undefined
 * if it is invalid.
 */
export async function buildCredentials(
  context: BuildContext,
  path: ConfigPath,
  raw: RawCredentials,
): Promise<CredentialsConfig | undefined> {
  switch (raw.source) {
    case 'default':
    case 'env':
    case 'container':
    case 'instance':
      return { source: raw.source }
    case 'static':
      return buildStatic(context, path, raw)
    case 'file':
      return {
        source: 'file',
        profile: raw.profile,
        credentialsFile: optionalPath(context, raw.credentialsFile),
        configFile: optionalPath(context, raw.configFile),
      }
    case 'web-identity':
      return {
        source: 'web-identity',
        roleArn: raw.roleArn,
        tokenFile: optionalPath(context, raw.tokenFile),
        sessionName: raw.sessionName,
      }
    case 'assume-role': {
      const from = await buildCredentials(context, [...path, 'from'], raw.from)
      if (from === undefined) return undefined
      return {
        source: 'assume-role',
        roleArn: raw.roleArn,
        externalId: raw.externalId,
        sessionName: raw.sessionName,
        durationSeconds: Math.floor(raw.duration / 1000),
        from,
      }
    }
  }
}

function optionalPath(context: BuildContext, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolvePath(context, path)
}

async function buildStatic(
  context: BuildContext,
  path: ConfigPath,
  raw: Extract<RawCredentials, { source: 'static' }>,
): Promise<CredentialsConfig | undefined> {
  const secretAccessKey = await readSecret(
    context,
    [...path, 'secretAccessKey'],
    raw.secretAccessKey,
  )
  const sessionToken =
    raw.sessionToken === undefined
      ? undefined
      : await readSecret(context, [...path, 'sessionToken'], raw.sessionToken)
  if (secretAccessKey === undefined) return undefined
  if (raw.sessionToken !== undefined && sessionToken === undefined) return undefined
  return { source: 'static', accessKeyId: raw.accessKeyId, secretAccessKey, sessionToken }
}
