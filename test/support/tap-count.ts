/**
 * Counts the test points of a TAP 14 stream as tap prints it, line by line. A point that closes a subtest is a
 * summary and counts only where the subtest failed without a failing point of its own (a time-out, an error), so
 * that the totals are those of the assertions themselves.
 */
export interface TapTotals {
  passed: number;
  failed: number;
  skipped: number;
}

/** A failing point: the names of its subtests and its own, and its diagnostic block. */
export interface TapFailure {
  readonly path: readonly string[];
  readonly details: readonly string[];
}

interface Suite extends TapTotals {
  readonly name: string;
  readonly indent: number;
}

interface Point {
  readonly ok: boolean;
  readonly name: string;
  readonly skipped: boolean;
  /** Why it is skipped; empty: that is not said. */
  readonly reason: string;
  readonly buffered: boolean;
}

const POINT = /^(not )?ok\b(?: \d+)?(?: - )?(.*)$/;
const TIME = / # time=[0-9.]+ms$/;
/** Directives may carry a reason (TAP 14, "Directives"). */
const SKIP = / # (?:skip|todo)\b:?\s*(.*)$/i;

export class TapCounter {
  readonly totals: TapTotals = { passed: 0, failed: 0, skipped: 0 };
  readonly failures: TapFailure[] = [];
  /** What tests say with `t.comment`. */
  readonly comments: string[] = [];
  /** What is skipped, and why, as far as that is said: `NAME: REASON`. */
  readonly skips: string[] = [];
  readonly #suites: Suite[] = [];
  readonly #buffered: Point[] = [];
  /** The failing point whose diagnostic block may follow. */
  #failure: { path: string[]; details: string[] } | undefined;
  /** The indent of the diagnostic block that is being read, or -1. */
  #diagnostic = -1;

  /** Takes one line without its line feed. */
  line(line: string): void {
    const indent = line.length - line.trimStart().length;
    const text = line.slice(indent);
    if (this.#inDiagnostic(indent, text, line)) return;
    const subtest = /^# Subtest: (.*)$/.exec(text);
    if (subtest) this.#open(subtest[1]!, indent);
    else if (text === '}') this.#closeBuffered(indent);
    else if (text.startsWith('# ')) this.#comment(text.slice(2));
    else if (POINT.test(text)) this.#point(readPoint(text), indent);
  }

  /** Call after the last line. Subtests that were never closed end with what they had. */
  end(): void {
    this.#failure = undefined;
  }

  #inDiagnostic(indent: number, text: string, line: string): boolean {
    if (this.#diagnostic >= 0) {
      if (text === '...' && indent === this.#diagnostic) this.#diagnostic = -1;
      else this.#failure?.details.push(line.slice(this.#diagnostic));
      return true;
    }
    if (text !== '---') {
      if (text !== '') this.#failure = undefined;
      return false;
    }
    this.#diagnostic = indent;
    return true;
  }

  #open(name: string, indent: number): void {
    this.#suites.push({ name, indent, passed: 0, failed: 0, skipped: 0 });
  }

  #comment(text: string): void {
    if (!/^(time=|\{ total)/i.test(text)) this.comments.push(text);
  }

  /** `ok 1 - name {` opens a buffered subtest: its points follow, deeper, and `}` ends it. */
  #point(point: Point, indent: number): void {
    if (point.buffered) {
      this.#open(point.name, indent);
      this.#buffered.push(point);
    } else if (this.#suites.at(-1)?.indent === indent) this.#close(point);
    else this.#count(point, this.#suites.at(-1));
  }

  #closeBuffered(indent: number): void {
    const point = this.#buffered.pop();
    if (point !== undefined && this.#suites.at(-1)?.indent === indent) this.#close(point);
  }

  #close(point: Point): void {
    const suite = this.#suites.pop()!;
    const isEmpty = suite.passed + suite.failed + suite.skipped === 0;
    if (isEmpty || (!point.ok && suite.failed === 0)) this.#count(point, suite);
    const parent = this.#suites.at(-1);
    if (parent !== undefined)
      for (const key of ['passed', 'failed', 'skipped'] as const) parent[key] += suite[key];
  }

  #count(point: Point, suite: Suite | undefined): void {
    const key = point.skipped ? 'skipped' : point.ok ? 'passed' : 'failed';
    this.totals[key]++;
    if (suite !== undefined) suite[key]++;
    if (key === 'skipped')
      this.skips.push([point.name, point.reason].filter((text) => text !== '').join(': '));
    if (key !== 'failed') return;
    this.#failure = { path: [...this.#suites.map(({ name }) => name), point.name], details: [] };
    this.failures.push(this.#failure);
  }
}

function readPoint(text: string): Point {
  const match = POINT.exec(text)!;
  let name = match[2]!;
  const buffered = name.endsWith(' {');
  if (buffered) name = name.slice(0, -2);
  name = name.replace(TIME, '');
  const skip = SKIP.exec(name);
  const [skipped, reason] = [skip !== null, skip?.[1] ?? ''];
  return { ok: match[1] === undefined, name: name.replace(SKIP, ''), skipped, reason, buffered };
}
