/**
 * Counts the test points of a TAP 14 stream as tap's runner prints it, line by line. A point that closes a
 * subtest is a summary and counts only where the subtest failed without a failing point of its own (a time-out,
 * a crash, a file without tests), so that the totals are those of the assertions themselves.
 */
export interface TapTotals {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test file that has ended, or one failing point with its diagnostic block. */
export type TapEvent =
  | ({ readonly kind: 'file'; readonly name: string; readonly ok: boolean; readonly ms: number } & TapTotals)
  | { readonly kind: 'failure'; readonly path: readonly string[]; readonly details: readonly string[] }
  | { readonly kind: 'comment'; readonly text: string };

interface Suite extends TapTotals {
  readonly name: string;
  readonly indent: number;
}

interface Point {
  readonly ok: boolean;
  readonly name: string;
  readonly skipped: boolean;
  readonly buffered: boolean;
  readonly ms: number;
}

const POINT = /^(not )?ok\b(?: \d+)?(?: - )?(.*)$/;
const TIME = / # time=([0-9.]+)ms$/;
/** Directives may carry a reason (TAP 14, "Directives"). */
const SKIP = / # (skip|todo)\b.*$/i;

export class TapCounter {
  readonly totals: TapTotals = { passed: 0, failed: 0, skipped: 0 };
  readonly #emit: (event: TapEvent) => void;
  readonly #suites: Suite[] = [];
  #failure: { indent: number; path: string[]; details: string[] } | undefined;
  /** The indent of the diagnostic block that is being read, or -1. */
  #diagnostic = -1;

  constructor(emit: (event: TapEvent) => void) {
    this.#emit = emit;
  }

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

  /** Call after the last line: a failing point without a diagnostic block is still reported. */
  end(): void {
    this.#flushFailure();
  }

  #inDiagnostic(indent: number, text: string, line: string): boolean {
    if (this.#diagnostic >= 0) {
      if (text === '...' && indent === this.#diagnostic) this.#endDiagnostic();
      else this.#failure?.details.push(line.slice(this.#diagnostic));
      return true;
    }
    if (text === '---') {
      this.#diagnostic = indent;
      return true;
    }
    if (text !== '') this.#flushFailure();
    return false;
  }

  #endDiagnostic(): void {
    this.#diagnostic = -1;
    this.#flushFailure();
  }

  #flushFailure(): void {
    if (this.#failure === undefined) return;
    this.#emit({ kind: 'failure', path: this.#failure.path, details: this.#failure.details });
    this.#failure = undefined;
  }

  /** tap prints `# Subtest: x` either at the indent of the closing point or, when buffered, one step deeper. */
  #open(name: string, indent: number): void {
    const top = this.#suites.at(-1);
    if (top !== undefined && top.indent >= indent) this.#suites.splice(this.#suites.indexOf(top));
    this.#suites.push({ name, indent, passed: 0, failed: 0, skipped: 0 });
  }

  #comment(text: string): void {
    if (/^(time|no coverage|\{ total)/i.test(text)) return;
    this.#emit({ kind: 'comment', text });
  }

  /** `ok 1 - name {` opens a buffered subtest: its points follow, deeper, and `}` ends it. */
  #point(point: Point, indent: number): void {
    if (point.buffered) {
      this.#open(point.name, indent);
      this.#pendingBuffered.push(point);
      return;
    }
    const top = this.#suites.at(-1);
    if (top !== undefined && top.indent === indent) this.#closeSuite(point);
    else this.#count(point, indent);
  }

  readonly #pendingBuffered: Point[] = [];

  #closeBuffered(indent: number): void {
    const point = this.#pendingBuffered.pop();
    if (point !== undefined && this.#suites.at(-1)?.indent === indent) this.#closeSuite(point);
  }

  #closeSuite(point: Point): void {
    const suite = this.#suites.pop()!;
    const inner = suite.passed + suite.failed + suite.skipped;
    if (inner === 0 || (!point.ok && suite.failed === 0)) {
      this.#count(point, suite.indent, suite);
    }
    const parent = this.#suites.at(-1);
    if (parent !== undefined) add(parent, suite);
    else this.#emit({ kind: 'file', ...suite, ok: point.ok && suite.failed === 0, ms: point.ms });
  }

  #count(point: Point, indent: number, into: TapTotals | undefined = this.#suites.at(-1)): void {
    const key = point.skipped ? 'skipped' : point.ok ? 'passed' : 'failed';
    this.totals[key]++;
    if (into !== undefined) into[key]++;
    if (key !== 'failed') return;
    const path = [...this.#suites.map((suite) => suite.name), point.name];
    this.#failure = { indent, path, details: [] };
  }
}

function add(into: TapTotals, from: TapTotals): void {
  into.passed += from.passed;
  into.failed += from.failed;
  into.skipped += from.skipped;
}

function readPoint(text: string): Point {
  const match = POINT.exec(text)!;
  let name = match[2]!;
  const buffered = name.endsWith(' {');
  if (buffered) name = name.slice(0, -2);
  const ms = Number(TIME.exec(name)?.[1] ?? 0);
  name = name.replace(TIME, '');
  const skipped = SKIP.test(name);
  return { ok: match[1] === undefined, name: name.replace(SKIP, ''), skipped, buffered, ms };
}
