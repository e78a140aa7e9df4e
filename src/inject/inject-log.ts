/** The log methods that the webhook uses; a pino logger has them. */
export interface InjectLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}
