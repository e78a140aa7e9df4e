import type { ConfigProblem } from './config.ts'
import type { ConfigDocument } from './document.ts'
import { formatPath, type Report } from './problems.ts'

/** Collects problems with their positions in the document; keeps only the first one at a path. */
export class ProblemList {
  readonly #document: ConfigDocument
  readonly #problems = new Map<string, ConfigProblem>()

  constructor(document: ConfigDocument) {
    this.#document = document
  }

  get size(): number {
    return this.#problems.size
  }

  readonly add: Report = (path, message) => {
    const text = formatPath(path)
    if (this.#problems.has(text)) return
    const position = this.#document.positionOf(path)
    this.#problems.set(text, { path: text, message, ...position })
  }

  /** Adds problems of another file. */
  addAll(problems: readonly ConfigProblem[]): void {
    for (const problem of problems) {
      this.#problems.set(`${problem.file ?? ''} ${problem.path}`, problem)
    }
  }

  /** In the order of the file; those of other files come last, file by file. */
  sorted(): readonly ConfigProblem[] {
    return [...this.#problems.values()].sort(
      (a, b) =>
        compareTexts(a.file ?? '', b.file ?? '') ||
        (a.line ?? 0) - (b.line ?? 0) ||
        (a.column ?? 0) - (b.column ?? 0),
    )
  }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
