import { printable } from '../telemetry/text.ts';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<Colour, string>> = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
};

/** A piece of text that may be coloured; its width is that of the text alone. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
  /** Numbers stand at the right edge of their column. */
  readonly right?: boolean;
}

export function paint(text: string, colour: Colour | undefined, on: boolean): string {
  return on && colour !== undefined && text !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

export function cell(text: string, colour?: Colour): Cell {
  return colour === undefined ? { text: printable(text) } : { text: printable(text), colour };
}

export function number(value: number | undefined, digits = 0): Cell {
  if (value === undefined) return { text: '-', right: true };
  const text = digits === 0 ? String(Math.round(value)) : value.toFixed(digits);
  return { text, right: true };
}

/** Columns aligned to their widest cell, two blanks apart; no line ends in blanks. */
export function columns(rows: readonly (readonly Cell[])[], colour: boolean): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach(({ text }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(text));
    });
  return rows.map((row) => `${alignedLine(row, widths, colour)}\n`).join('');
}

function alignedLine(row: readonly Cell[], widths: readonly number[], colour: boolean): string {
  const parts = row.map(({ text, colour: shade, right }, column) => {
    const blanks = ' '.repeat(widths[column]! - width(text));
    const painted = paint(text, shade, colour);
    if (right === true) return blanks + painted;
    return column === row.length - 1 ? painted : painted + blanks;
  });
  return parts.join('  ').trimEnd();
}

/** Characters, not octets or halves of pairs. */
function width(text: string): number {
  return [...text].length;
}

/** Columns under a heading; that of a column of numbers stands to the right as they do. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  colour: boolean,
): string {
  const titles = heading.map((text, column): Cell => {
    const right = rows.length > 0 && rows.every((row) => row[column]?.right === true);
    return { text, colour: 'dim', right };
  });
  return columns([titles, ...rows], colour);
}

/** `3 d 4 h`, `2 h 5 min`, `41 s`: the two largest units. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `512 B`, `1.5 MB`: powers of 1024, three digits. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** JSON with two blanks of indent, harmless to a terminal. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
