import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
  type Document as YamlDocument,
} from 'yaml';
import { type ConfigProblem, type Path, pathToText } from './problem.ts';

/** Where things stand: a document, or several that are read as one. */
export interface Places {
  /** The problem of what is at `path`, or of the deepest thing above it that is there. */
  problemAt(path: Path, message: string, remedy: string): ConfigProblem;
  /** True if there is something at `path`. */
  has(path: Path): boolean;
}

/** Larger files are not written by hand; zones go into files of their own. */
export const CONFIG_OCTETS_MAX = 1024 * 1024;
/** A configuration nests five deep; more is a mistake or an attack on the stack. */
export const CONFIG_DEPTH_MAX = 32;
/** Of each kind; a file that is no YAML has one in every line. */
const YAML_ERRORS_MAX = 100;

/**
 * A YAML 1.2 file with the place of everything in it. Only plain data is let in: no anchors, aliases, merge keys
 * or tags, no duplicate keys, one document.
 */
export class ConfigDocument implements Places {
  readonly file: string;
  readonly problems: ConfigProblem[] = [];
  /** False where the text could not be taken apart: its content would only give errors that follow from that. */
  readonly readable: boolean;
  readonly root: Node | null;
  readonly #lines = new LineCounter();
  #text = '';

  constructor(octets: Uint8Array, file: string) {
    this.file = file;
    const document = this.#parse(octets);
    this.root = document?.contents ?? null;
    this.readable = document !== undefined && !this.#hasBrokenSyntax(document);
    if (document !== undefined) this.#refuseAllButData(document);
  }

  /** Adds a problem at `node`, or at the start of the file. */
  report(node: Node | null | undefined, path: Path, message: string, remedy: string): void {
    this.#add(node?.range?.[0] ?? 0, path, message, remedy);
  }

  /** The problem of the node at `path`, or of the deepest one above it that is in the file. */
  problemAt(path: Path, message: string, remedy: string): ConfigProblem {
    let node = this.root;
    for (const step of path) {
      const child = childOf(node, step);
      if (child === undefined || child === null) break;
      node = child;
    }
    return this.#problem(node?.range?.[0] ?? 0, path, message, remedy);
  }

  /**
   * The problem at a line and column of the text that is the value at `path`: its own place in a literal block
   * (`|`), the start of the value in all other styles, whose lines are not those of the text.
   */
  problemInText(path: Path, line: number, column: number, message: string): ConfigProblem {
    const node = this.nodeAt(path);
    const start = this.problemAt(path, message, '');
    if (!isScalar(node) || node.type !== 'BLOCK_LITERAL') return start;
    // The block begins in the line after the `|`.
    const at = start.line + line;
    const lineStart = this.#lines.lineStarts[at - 1] ?? this.#text.length;
    const first = this.#lines.lineStarts[start.line] ?? this.#text.length;
    const indent = /^ */.exec(this.#text.slice(first))![0].length;
    return this.#problem(lineStart + indent + column - 1, path, message, '');
  }

  /** The items of the list at `path` of which something has been reported. */
  faultyItems(path: Path): Set<number> {
    const head = `${pathToText(path)}[`;
    const below = this.problems.filter((problem) => problem.path.startsWith(head));
    return new Set(below.map((problem) => Number.parseInt(problem.path.slice(head.length), 10)));
  }

  /** True if there is something at `path`. */
  has(path: Path): boolean {
    return this.nodeAt(path) !== undefined;
  }

  nodeAt(path: Path): Node | null | undefined {
    let node: Node | null | undefined = this.root;
    for (const step of path) node = childOf(node, step);
    return node;
  }

  #parse(octets: Uint8Array): YamlDocument | undefined {
    if (octets.length > CONFIG_OCTETS_MAX) {
      const remedy = `at most ${CONFIG_OCTETS_MAX}; move records into zone files`;
      this.#add(0, [], `the file has ${octets.length} octets`, remedy);
      return undefined;
    }
    try {
      this.#text = new TextDecoder('utf-8', { fatal: true }).decode(octets);
    } catch {
      this.#add(0, [], 'the file is not UTF-8 text', 'save it as UTF-8');
      return undefined;
    }
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      version: '1.2',
    });
    return document as unknown as YamlDocument;
  }

  #hasBrokenSyntax(document: YamlDocument): boolean {
    const errors = document.errors.slice(0, YAML_ERRORS_MAX);
    for (const error of errors) this.#add(error.pos[0], [], messageOf(error), remedyOf(error));
    return document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  }

  #refuseAllButData(document: YamlDocument): void {
    let left = YAML_ERRORS_MAX;
    visit(document, (_, node, ancestors) => {
      if (ancestors.length > 2 * CONFIG_DEPTH_MAX) {
        this.report(
          isPair(node) ? null : (node as Node),
          [],
          'nested too deeply',
          `at most ${CONFIG_DEPTH_MAX} levels`,
        );
        return visit.BREAK;
      }
      const fault = faultOf(node);
      if (fault === undefined) return undefined;
      const at = isPair(node) ? (node.key as Node) : (node as Node);
      this.report(at, [], fault[0], fault[1]);
      return left-- > 0 ? undefined : visit.BREAK;
    });
  }

  #add(offset: number, path: Path, message: string, remedy: string): void {
    this.problems.push(this.#problem(offset, path, message, remedy));
  }

  #problem(offset: number, path: Path, message: string, remedy: string): ConfigProblem {
    const { line, col } = this.#lines.linePos(offset);
    const place = { line: Math.max(1, line), column: Math.max(1, col) };
    return { file: this.file, ...place, path: pathToText(path), message, remedy };
  }
}

/** What of YAML is not taken, and what to write instead. */
function faultOf(node: unknown): [string, string] | undefined {
  if (isAlias(node)) return [`alias *${node.source}`, 'aliases are not taken; write the value out'];
  if (isPair(node)) {
    if (!isScalar(node.key) || typeof node.key.value !== 'string')
      return ['a key that is not text', 'keys are words such as "vpcs"; put others in quotes'];
    if (node.key.value === '<<') return ['merge key <<', 'merge keys are not taken; write the values out'];
    return undefined;
  }
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
  if (node.anchor !== undefined) return [`anchor &${node.anchor}`, 'anchors are not taken; leave it out'];
  if (node.tag !== undefined) return [`tag ${node.tag}`, 'tags are not taken; leave it out'];
  return undefined;
}

/** The node below `node` at a key or index; undefined where there is none. */
function childOf(node: Node | null | undefined, step: string | number): Node | null | undefined {
  if (typeof step === 'number') return isSeq(node) ? (node.items[step] as Node | undefined) : undefined;
  return isMap(node) ? (pairOf(node, step)?.value as Node | null | undefined) : undefined;
}

/** The last pair of `key`: a duplicate is an error already. */
export function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.findLast((pair) => keyOf(pair) === key);
}

/** The text of a pair's key, or undefined where it is none, which is an error already. */
export function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined;
}

function messageOf(error: YAMLError): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key stands here twice';
  return error.message.replace(/; please use YAML\.parseAllDocuments\(\)$/, '');
}

function remedyOf(error: YAMLError): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'keep one of them';
    case 'TAB_AS_INDENT':
      return 'indent with spaces';
    case 'BAD_INDENT':
      return 'line it up with its neighbours';
    case 'MULTIPLE_DOCS':
      return 'one file is one document; leave out the line ---';
    case 'MISSING_CHAR':
    case 'UNEXPECTED_TOKEN':
      return 'close quotes and brackets; put texts that begin with [ or hold ": " in quotes, as in "[::1]:5353"';
    default:
      return 'texts with characters that YAML uses (: # [ ] { } , & * ! | > % @) go in quotes';
  }
}
