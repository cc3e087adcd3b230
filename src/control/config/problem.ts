/** Something wrong with the configuration: where, what, and what would be right. */
export interface ConfigProblem {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** `rules[2].targets[0]`; empty for the file as a whole, and in zone files. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
}

/** Keys and list indexes from the top of the file. */
export type Path = readonly (string | number)[];

/** `rules[2].targets[0]` */
export function pathToText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** `config/causeway.yaml:12:9: rules[2].targets[0]: what is wrong; what would be right` */
export function problemToText(problem: ConfigProblem): string {
  const { file, line, column, path, message, remedy } = problem;
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${where}${message}${remedy === '' ? '' : `; ${remedy}`}`;
}

/** In the order of the text, file by file; each once. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const unique = new Map(problems.map((problem) => [problemToText(problem), problem]));
  return [...unique.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

/** What is wrong with one value; the reader of the file adds where. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
