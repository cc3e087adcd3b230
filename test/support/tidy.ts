/**
 * The rules of test/tidy.test.ts as functions from text to findings, so that each is tried on a bad sample.
 * They read the source without a parser: comments and the contents of strings are blanked first.
 */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** The design's table: a folder imports lower layers only, and none of its own number but itself. */
const LAYERS: readonly (readonly string[])[] = [
  ['util'],
  ['wire'],
  ['dnssec', 'telemetry'],
  ['cache', 'zone', 'policy'],
  ['resolver'],
  ['view'],
  ['server'],
  ['control', 'cli', 'console'],
];
/** Composition roots: they join layers that do not know each other. */
const ROOTS = new Set([
  'main.ts',
  'cli/serve.ts',
  'cli/check.ts',
  'cli/host/configured.ts',
  'cli/keys.ts',
  'cli/logfiles.ts',
  'cli/storefile.ts',
]);

const IO_MODULES =
  /^node:(net|dgram|tls|http|https|http2|fs|fs\/promises|worker_threads|child_process|sqlite)$/;
const IO_FOLDERS = [
  'server/',
  'resolver/transport/',
  'telemetry/',
  'control/',
  'cli/',
  'main.ts',
  'util/priority.ts',
  'util/threadload.ts',
  'util/watch.ts',
];
/** A message port between threads is plain memory to those who use it; its type may be named anywhere. */
const SEAMS: Readonly<Record<string, readonly string[]>> = {
  'Math.random': ['util/prng.ts'],
  Date: ['util/clock.ts'],
  setTimeout: ['util/clock.ts'],
  setInterval: ['util/clock.ts'],
  performance: ['util/clock.ts'],
  'process.hrtime': ['util/clock.ts'],
};

/** Comments and string contents become blanks; line numbers and offsets stay. */
export function blank(source: string, keepStrings = false): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*(?=[\s.,;)\]]|$)/gm;
  return source.replace(token, (match) =>
    keepStrings && !match.startsWith('/') ? match : match.replace(/[^\n'"]/g, ' '),
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

export function importsOf(source: string): Import[] {
  const text = blank(source, true);
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;
  const found: Import[] = [];
  for (const match of text.matchAll(pattern)) {
    const specifier = match[3] ?? match[4]!;
    const at = match.index + match[0].lastIndexOf(specifier);
    found.push({ specifier, line: lineOf(text, at), typeOnly: match[2] !== undefined });
  }
  return found;
}

function layerOf(path: string): number {
  const folder = path.split('/')[0]!;
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** Resolves a relative specifier against a path inside src/; undefined where it leaves src/. */
function resolveInside(file: string, specifier: string): string | undefined {
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** @param file path inside src/ */
export function checkImports(file: string, source: string): Finding[] {
  const findings: Finding[] = [];
  for (const { specifier, line, typeOnly } of importsOf(source)) {
    const message = specifier.startsWith('.')
      ? layerFault(file, specifier)
      : moduleFault(file, specifier, typeOnly);
    if (message !== undefined) findings.push({ file, line, message });
  }
  return findings;
}

function layerFault(file: string, specifier: string): string | undefined {
  const target = resolveInside(file, specifier);
  if (target === undefined) return `imports ${specifier}, which is outside src/`;
  if (!/\.(ts|json)$/.test(target)) return `imports ${specifier} without its extension`;
  if (ROOTS.has(file)) return undefined;
  if (!target.includes('/')) return `imports ${target}: nothing imports a composition root`;
  const [from, to] = [layerOf(file), layerOf(target)];
  if (from < 0) return file.includes('/') ? `is in a folder that is in no layer` : undefined;
  if (to < 0) return `imports ${target}, which is in no layer`;
  const same = file.split('/')[0] === target.split('/')[0];
  if (same || to < from) return undefined;
  return `imports ${target}: layer ${to} from layer ${from}`;
}

function moduleFault(file: string, specifier: string, typeOnly: boolean): string | undefined {
  if (specifier === 'koffi' && file !== 'util/ffi.ts') return 'imports koffi: only util/ffi.ts may';
  if (specifier === 'dns-packet' && !file.startsWith('cli/'))
    return 'imports dns-packet: only cli/ may; the codec is src/wire';
  if (typeOnly || !IO_MODULES.test(specifier)) return undefined;
  if (IO_FOLDERS.some((folder) => file.startsWith(folder))) return undefined;
  return `imports ${specifier}: only ${IO_FOLDERS.join(', ')} may`;
}

/** Time and randomness come as arguments (util/clock, util/prng). @param file path inside src/ */
export function checkSeams(file: string, source: string): Finding[] {
  const text = blank(source);
  const findings: Finding[] = [];
  for (const [word, allowed] of Object.entries(SEAMS)) {
    if (allowed.includes(file)) continue;
    const pattern = new RegExp(`(?<![\\w.$])${word.replace('.', '\\.')}\\b(?!\\s*:)`, 'g');
    for (const match of text.matchAll(pattern))
      findings.push({ file, line: lineOf(text, match.index), message: `uses ${word}: only ${allowed} may` });
  }
  return findings;
}

const LEFTOVER = new RegExp(`\\b(${['FIX' + 'ME', 'TO' + 'DO', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

/** Words that say that something is unfinished. */
export function checkLeftovers(file: string, source: string): Finding[] {
  return linesMatching(file, source, LEFTOVER, (match) => `has ${match[1]}`);
}

/** Paths of the machine that a file was written on, which mean nothing elsewhere. */
export function checkMachinePaths(file: string, source: string): Finding[] {
  const pattern = /(?<![\w.$}~-])\/(work|root|home\/\w+|Users\/\w+)\/[\w.-]+/;
  return linesMatching(file, source, pattern, (match) => `names a path of one machine: ${match[0]}`);
}

/** The lock file serves any registry: it names none. */
export function checkLockFile(file: string, source: string): Finding[] {
  return linesMatching(file, source, /"resolved": "(https?:\/\/[^"]*)"/, (m) => `names a host: ${m[1]}`);
}

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

/**
 * `npm ci` refuses a lock file that lacks an optional package of another platform, which npm leaves out where the
 * registry that it was made with does not have it. Such an entry needs only version, os, cpu and `optional`.
 */
export function checkLockIsComplete(file: string, source: string): Finding[] {
  const { packages } = JSON.parse(source) as LockFile;
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lockFolders(path).some((folder) => `${folder}node_modules/${name}` in packages))
      .map((name) => ({ file, line: 1, message: `has no entry for ${name}, which ${path} names` })),
  );
}

/** Where Node.js looks for what a package needs: in itself, then in each folder above. */
function lockFolders(path: string): string[] {
  const folders = [''];
  for (let at = path.indexOf('node_modules/'); at >= 0; at = path.indexOf('node_modules/', at + 1))
    if (at > 0) folders.push(path.slice(0, at));
  if (path !== '') folders.push(`${path}/`);
  return folders;
}

function linesMatching(
  file: string,
  source: string,
  pattern: RegExp,
  message: (match: RegExpExecArray) => string,
): Finding[] {
  return source.split('\n').flatMap((text, index) => {
    const match = pattern.exec(text);
    return match ? [{ file, line: index + 1, message: message(match) }] : [];
  });
}

export interface FunctionLength {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly lines: number;
}

const FUNCTION_HEAD =
  /^(?<indent> *)(?:export )?(?:default )?(?:static |async |override |readonly )*(?:function\s*\*?\s*(?<a>[\w$]+)|(?:get |set |\*)?(?<b>#?[\w$]+)(?=[(<])|const (?<c>[\w$]+) = (?:async )?\()/;
const NOT_FUNCTIONS = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'return',
  'await',
  'super',
  'throw',
  'else',
]);

/** A length by indentation: the formatter puts the closing brace under the head. An estimate, for the eye. */
export function functionLengths(file: string, source: string): FunctionLength[] {
  const lines = blank(source).split('\n');
  const found: FunctionLength[] = [];
  lines.forEach((text, index) => {
    const groups = FUNCTION_HEAD.exec(text)?.groups;
    const name = groups?.['a'] ?? groups?.['b'] ?? groups?.['c'];
    if (groups === undefined || name === undefined || NOT_FUNCTIONS.has(name)) return;
    const indent = groups['indent']!;
    const close = lines.findIndex((line, at) => at > index && line.startsWith(`${indent}}`));
    if (close < 0 || !lines.slice(index, close).some((line) => line.endsWith('{'))) return;
    const between = lines.slice(index + 1, close);
    if (
      between.some(
        (line) => line.trim() !== '' && !line.startsWith(indent + ' ') && !line.startsWith(indent + ')'),
      )
    )
      return;
    found.push({ file, line: index + 1, name, lines: close - index + 1 });
  });
  return found;
}

export interface ShellBlock {
  readonly line: number;
  readonly code: string;
}

/** The ```sh blocks of a Markdown text that `<!-- runnable -->` stands before. */
export function runnableBlocks(markdown: string): ShellBlock[] {
  const pattern = /^<!-- runnable -->\s*\n```(?:sh|bash)\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(pattern)].map((match) => ({
    line: lineOf(markdown, match.index),
    code: match[1]!,
  }));
}

/** The ```yaml blocks of a Markdown text. */
export function yamlBlocks(markdown: string): ShellBlock[] {
  return [...markdown.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: lineOf(markdown, match.index),
    code: match[1]!,
  }));
}
