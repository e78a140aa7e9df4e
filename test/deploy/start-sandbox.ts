import { Program } from '../support/program.ts'

/** Starts the embedded S3 as a server of its own; gives its URL. */
export async function startSandbox(
  dataFolder: string,
): Promise<{ readonly program: Program; readonly endpoint: string }> {
  const args = ['sandbox', '--address', '127.0.0.1:0', '--data', dataFolder]
  const program = Program.sealgate(args, { isAlone: true })
  try {
    const [, endpoint = ''] = await program.waitFor(/embedded S3 at (http:\S+?),/)
    return { program, endpoint }
  } catch (error) {
    await program.close()
    throw error
  }
}
