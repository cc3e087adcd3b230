import { dirname, isAbsolute, join } from 'node:path';
import type { Node } from 'yaml';
import * as z from 'zod';
import type { Draft } from './check/context.ts';
import { ConfigDocument, type Places } from './document.ts';
import { confine, type Files, fileFault } from './files.ts';
import { type ConfigProblem, type Path, SettingError } from './problem.ts';
import { readNode } from './read.ts';
import { ruleSchema } from './rules.ts';
import { setting, text } from './setting.ts';

/** A VPN client writes one file for a connection; a folder with more is not a folder of rules. */
export const DROPINS_MAX = 256;
/** What a libc takes of a search list; the kernel of no host asks for more. */
const SEARCH_MAX = 32;
/** Bits by which anyone may write a file, and so say where names are asked. */
const WRITABLE_BY_ALL = 0o002;

/** Files of a host have it, and a shell reads some of them. Throws SettingError. */
function readSearchDomain(input: string): string {
  if (input.length <= 253 && /^([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?$/i.test(input))
    return input.endsWith('.') ? input : `${input}.`;
  throw new SettingError(
    `${JSON.stringify(input)} is no search domain`,
    'write letters, digits, - and _ between dots, such as corp.example.',
  );
}

/** A file of `node.rulesFolder`. */
export const dropinSchema = z.strictObject({
  rules: z.array(ruleSchema.extend({ vpcs: ruleSchema.shape.vpcs.optional() })).prefault([]),
  search: z
    .array(
      setting(text(readSearchDomain), {
        description: 'Domains that go into the search list of this host (`causeway install-host --update`).',
        range: 'domain names of letters, digits, - and _',
        example: 'corp.example.',
      }),
    )
    .max(SEARCH_MAX)
    .prefault([]),
});

type Rules = NonNullable<Draft['rules']>;

/** A file of the folder: the rules from `first` on, in the whole list, are its own. */
interface DropIn {
  readonly document: ConfigDocument;
  readonly first: number;
  readonly count: number;
}

/**
 * The configuration's own document and those of its rules folder as one: the draft has the rules of all, and what is
 * said of a rule is said of the file and line where it stands.
 */
export class DropIns implements Places {
  /** What is wrong with the files themselves, not with what they say together. */
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly draft: Draft;
  /** For the search list of this host, file by file, each once. */
  readonly search: string[] = [];
  readonly #main: ConfigDocument;
  readonly #dropins: DropIn[] = [];

  /** @param folder of the configuration, without symbolic links */
  constructor(main: ConfigDocument, draft: Draft, folder: string, files: Files) {
    this.#main = main;
    const rules: Rules = [...(draft.rules ?? [])];
    const named = draft.node?.rulesFolder;
    if (named !== undefined) this.#readFolder(named, { draft, rules, folder, files });
    // Where the list itself could not be read, the rules of the files are not all there are.
    this.draft = this.#dropins.length === 0 || draft.rules === undefined ? draft : { ...draft, rules };
  }

  problemAt(path: Path, message: string, remedy: string): ConfigProblem {
    const own = this.#ownerOf(path);
    // What a message names elsewhere is a place of the whole list.
    const said = message.replace(
      /\brules\[(\d+)\]/g,
      (text, index) => this.#placeText(Number(index)) ?? text,
    );
    if (own === undefined) return this.#main.problemAt(path, said, remedy);
    return own.document.problemAt(inOwn(path, own), said, remedy);
  }

  has(path: Path): boolean {
    const own = this.#ownerOf(path);
    return own === undefined ? this.#main.has(path) : own.document.has(inOwn(path, own));
  }

  #ownerOf([section, index]: Path): DropIn | undefined {
    if (section !== 'rules' || typeof index !== 'number') return undefined;
    return this.#dropins.find(({ first, count }) => index >= first && index < first + count);
  }

  #placeText(index: number): string | undefined {
    const own = this.#ownerOf(['rules', index]);
    return own && `rules[${index - own.first}] of ${own.document.file}`;
  }

  #readFolder(named: string, into: { draft: Draft; rules: Rules; folder: string; files: Files }): void {
    const { folder, files } = into;
    const at: Path = ['node', 'rulesFolder'];
    const problem = (message: string, remedy: string): void =>
      void this.problems.push(this.#main.problemAt(at, message, remedy));
    let real: string;
    let names: string[];
    try {
      real = files.realpath(isAbsolute(named) ? named : join(folder, named));
      names = files.list(real).filter((name) => name.endsWith('.yaml') && !name.startsWith('.'));
      if ((files.mode(real) & WRITABLE_BY_ALL) !== 0)
        problem(`${named}: anyone may write in this folder`, `chmod o-w ${named}`);
    } catch (error) {
      const { message, remedy } = fileFault(error);
      if ((error as { code?: string }).code !== 'ENOENT') problem(`${named}: ${message}`, remedy);
      else
        this.warnings.push(
          this.#main.problemAt(at, `${named}: there is no such folder`, 'make it, or leave the setting out'),
        );
      return;
    }
    if (names.length > DROPINS_MAX) {
      problem(`${named} has ${names.length} files *.yaml`, `at most ${DROPINS_MAX}`);
      return;
    }
    const shown = isAbsolute(named) ? named : join(dirname(this.#main.file), named);
    // In an order that no locale changes.
    for (const name of names.sort()) this.#readFile(join(real, name), join(shown, name), { ...into, real });
  }

  #readFile(
    path: string,
    shown: string,
    { draft, rules, files, real }: { draft: Draft; rules: Rules; files: Files; real: string },
  ): void {
    const octets = this.#octetsOf(path, shown, files, real);
    if (octets === undefined) return;
    const document = new ConfigDocument(octets, shown);
    const read = document.readable && document.root !== null;
    const content = read ? readNode(document, dropinSchema, document.root as Node, []) : undefined;
    const { rules: listed = [], search = [] } = (content ?? {}) as {
      rules?: Rules;
      search?: (string | undefined)[];
    };
    const domains = search.filter((each) => each !== undefined);
    this.search.push(...domains.filter((each) => !this.search.includes(each)));
    const own = listed.map((rule, i) =>
      rule === undefined || document.has(['rules', i, 'vpcs'])
        ? rule
        : { ...rule, vpcs: onlyVpc(document, draft, i) },
    );
    this.problems.push(...document.problems);
    if (own.length === 0) return;
    this.#dropins.push({ document, first: rules.length, count: own.length });
    rules.push(...own);
  }

  #octetsOf(path: string, shown: string, files: Files, real: string): Uint8Array | undefined {
    const problem = (message: string, remedy: string): void =>
      void this.problems.push({ file: shown, line: 1, column: 1, path: '', message, remedy });
    try {
      const file = confine(files, real, path);
      if ((files.mode(file) & WRITABLE_BY_ALL) !== 0) problem('anyone may write this file', 'chmod o-w it');
      return files.read(file);
    } catch (error) {
      const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
      problem(message, remedy);
      return undefined;
    }
  }
}

/** A path in the whole list as one in the list of its file. */
function inOwn([section, index, ...rest]: Path, { first }: DropIn): Path {
  return [section!, (index as number) - first, ...rest];
}

/** A hook knows its domains and servers, and the VPC where there is no choice. */
function onlyVpc(document: ConfigDocument, { vpcs = [] }: Draft, rule: number): string[] | undefined {
  const ids = vpcs.map((vpc) => vpc?.id);
  if (ids.length === 1) return ids[0] === undefined ? undefined : [ids[0]];
  document.report(
    document.nodeAt(['rules', rule]),
    ['rules', rule],
    'vpcs is missing, and the configuration has not one VPC',
    'name them, for example vpcs: [vpc-corp]',
  );
  return undefined;
}
