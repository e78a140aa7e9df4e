/** What the bench's programs read from their command lines. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Reads the arguments of a program. With `--help` it prints the comment at the head of the program's file and
 * exits with 0; an unknown option, a missing value or an argument too many is a sentence and status 2.
 *
 * @template {import('node:util').ParseArgsOptionsConfig} T
 * @param {string} program  `import.meta.url` of the program.
 * @param {T} options  As {@link parseArgs} takes them.
 * @param {readonly [number, number]} [count]  How many arguments it takes besides the options, at least and at most.
 */
export function readArguments(program, options, count = [0, 0]) {
  const name = basename(fileURLToPath(program))
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${headComment(fileURLToPath(program))}\n`)
    process.exit(0)
  }
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [least, most] = count
    if (positionals.length > most) {
      usageError(`'${positionals[most]}' is an argument too many. See bench/${name} --help.`)
    }
    if (positionals.length < least) {
      usageError(`an argument is missing. See bench/${name} --help.`)
    }
    return { values, positionals }
  } catch (error) {
    // Node adds how to write an argument that begins with a dash, which no program here takes.
    const [sentence] = error instanceof Error ? error.message.split('. ') : [String(error)]
    usageError(`${sentence}. See bench/${name} --help.`)
  }
}

/**
 * Reads a number above 0; another value of the option is a usage error.
 *
 * @param {string} name
 * @param {string} text
 */
export function readNumber(name, text) {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  return usageError(`--${name} takes a number above 0, and '${text}' is none.`)
}

/** @returns {never} */
export function usageError(/** @type {string} */ message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function headComment(/** @type {string} */ file) {
  const [, text = ''] = /^\/\*\*\n(.*?)\n \*\/$/ms.exec(readFileSync(file, 'utf8')) ?? []
  return text.replaceAll(/^ \* ?/gm, '')
}
