/** Medians and ratios, as tables on the console and, the same, in docs/performance.md. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { findTool } from '../support/tools.ts';
import { CORES } from './load.ts';
import type { Options } from './options.ts';

const PAGE = new URL('../../docs/performance.md', import.meta.url);
/** What everything is compared with. */
const BASE = 'unbound';

export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What one subcommand found out. */
export interface Section {
  /** The subcommand, which is also the name of its place in the page. */
  readonly id: string;
  /** The conditions, in a sentence or two. */
  readonly intro: string;
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
  /** Programs whose versions matter, beside Node.js. */
  readonly programs: readonly string[];
}

/** The middle one of the values; of an even count the upper of the two. */
export function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
}

/** One column of a comparison. */
export interface Column<Sample> {
  readonly head: string;
  readonly of: (sample: Sample) => number;
  /** Behind the decimal point. Default 0. */
  readonly digits?: number;
  /** Whether the ratio to Unbound stands beside it. */
  readonly ratio?: boolean;
  /** All rounds together instead of their median. */
  readonly sum?: boolean;
}

/** A row for each name, of the medians of its samples. A name without samples has no row. */
export function compare<Sample>(
  caption: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  columns: readonly Column<Sample>[],
  base = BASE,
): Table {
  const figure = (list: readonly Sample[], { of, sum }: Column<Sample>): number => {
    const values = list.map(of);
    return sum === true ? values.reduce((a, b) => a + b, 0) : median(values);
  };
  const peer = samples.get(base);
  const rows = [...samples]
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => [
      name,
      ...columns.map((column) => {
        const value = figure(list, column);
        const isCompared = column.ratio === true && peer !== undefined && peer.length > 0;
        const ratio = isCompared ? ` (${(value / figure(peer, column)).toFixed(2)})` : '';
        return number(value, column.digits) + ratio;
      }),
    ]);
  return { caption, head: ['', ...columns.map(({ head }) => head)], rows };
}

/** With thousands apart; a dash for what there is none of. */
export function number(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '-';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Prints a section, and puts it in its place in the page where that is asked for. */
export function publish(section: Section, options: Options): void {
  console.log(`\n${section.id}: ${section.intro}`);
  for (const table of section.tables) console.log(`\n${table.caption}\n${plain(table)}`);
  for (const note of section.notes) console.log(note);
  if (options.write)
    writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), section.id, markdown(section, options)));
}

function plain({ head, rows }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const pad = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  return lines.map((line) => `  ${line.map(pad).join('   ')}`).join('\n');
}

function markdown({ intro, tables, notes, programs }: Section, options: Options): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const parts = tables.map(({ caption, head, rows }) =>
    [
      `${caption}:`,
      '',
      row(head),
      row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
      ...rows.map(row),
    ].join('\n'),
  );
  const versions = ['node', ...programs].map(version).filter((text) => text !== undefined);
  const made = `\`${options.command}\` on ${new Date().toISOString().slice(0, 10)}; ${machine()}; ${versions.join(', ')}.`;
  return [intro, ...parts, ...notes, made].join('\n\n');
}

function replaced(page: string, id: string, text: string): string {
  const [begin, end] = [`<!-- bench:${id} -->`, `<!-- /bench:${id} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no place for ${id}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

function machine(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${CORES} cores, Linux ${release()}`;
}

/** How each program is asked for its version. */
const VERSION_OPTIONS: Readonly<Record<string, string>> = {
  unbound: '-V',
  named: '-v',
  nsd: '-v',
  dnsperf: '-h',
};

/** The first thing that looks like a version in what a program says of itself, or undefined where it is not there. */
function version(program: string): string | undefined {
  if (program === 'node') return `Node.js ${process.versions.node}`;
  const path = findTool(program);
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, [VERSION_OPTIONS[program] ?? '--version'], { encoding: 'utf8' });
  return `${program} ${/\d+\.\d+[\w.]*/.exec(stdout + stderr)?.[0] ?? 'of unknown version'}`;
}
