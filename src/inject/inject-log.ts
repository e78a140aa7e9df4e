/** Where the webhook writes its log; a pino logger fits. */
export interface InjectLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}
