import { join } from 'node:path';
import { confine, fileFault, systemFiles } from '../../../config/files.ts';
import { pathIn } from '../../../config/load.ts';
import { SettingError } from '../../../config/problem.ts';
import { readDomainFile } from '../../../firewall/domainfile.ts';
import { ApiError } from '../../errors.ts';
import type { ResolverMeans } from '../means.ts';
import { conflict, invalid } from './faults.ts';

/** What an import does with its list, one after another: `note`, then `take` or `fail`. */
export interface ImportSteps {
  /** Writes down that it has begun. */
  note(): Promise<void>;
  /** @param domains in order, each once */
  take(domains: readonly string[]): Promise<void>;
  fail(message: string): Promise<void>;
}

/** Imports under way: which lists have one, and what is done when the file has been read. One file is read at a time. */
export class Imports {
  readonly #means: ResolverMeans;
  readonly #begun = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(means: ResolverMeans) {
    this.#means = means;
  }

  isBegun(list: string): boolean {
    return this.#begun.has(list);
  }

  /** Throws ApiError ConflictException where a list is being imported. */
  refuseBegun(list: string): void {
    if (this.isBegun(list))
      throw conflict(`Domains are being imported into the domain list '${list}'. Try again when it is done.`);
  }

  /** Resolves when the import has begun. Rejects with ApiError ConflictException, and with what `note` rejects with. */
  async begin(list: string, file: string, steps: ImportSteps): Promise<void> {
    this.refuseBegun(list);
    this.#begun.add(list);
    try {
      await steps.note();
    } catch (error) {
      this.#begun.delete(list);
      throw error;
    }
    this.#last = this.#last.then(() => this.#run(list, file, steps));
  }

  /** Never rejects. */
  async #run(list: string, file: string, steps: ImportSteps): Promise<void> {
    try {
      const { domains, fault } = await readDomainFile(file, this.#means.clock);
      if (fault === undefined) await steps.take(domains);
      else await steps.fail(fault);
    } catch (error) {
      await this.#failed(list, steps, error);
    } finally {
      this.#begun.delete(list);
    }
  }

  async #failed(list: string, { fail }: ImportSteps, error: unknown): Promise<void> {
    const { log } = this.#means;
    if (!(error instanceof ApiError)) log.error({ err: error, list }, 'domains could not be imported');
    const message = error instanceof ApiError ? error.message : 'The domains could not be stored.';
    await fail(message).catch((err) => log.error({ err, list }, 'nor could that be stored'));
  }
}

/**
 * The file that a URL names, below the folder for imports: `s3://bucket/key` is the file `bucket/key`, and
 * `file:` URLs name files of that folder. Throws ApiError ValidationException.
 */
export function fileOf(means: ResolverMeans, url: string): string {
  const { api, folder } = means.config();
  if (api?.imports === undefined)
    throw invalid(
      'There is no S3 here: files are imported from the folder that api.imports of the configuration names, and it names none.',
    );
  const imports = pathIn(folder, api.imports);
  try {
    const root = systemFiles.realpath(imports);
    return confine(systemFiles, root, join(root, pathOf(url, [root, imports])));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof SettingError) throw isElsewhere(url);
    throw invalid(`The DomainFileUrl '${url}' cannot be read: ${fileFault(error).message}.`);
  }
}

/** The path below the folder for imports, by whichever of its names. What is elsewhere is not even looked for. */
function pathOf(url: string, folders: readonly string[]): string {
  const { key, path } = /^(?:s3:\/\/(?<key>[^/]+\/.+)|file:\/\/(?<path>\/.+))$/s.exec(url)?.groups ?? {};
  const folder = folders.find((each) => path?.startsWith(`${each}/`));
  const below = key ?? path?.slice(folder === undefined ? path.length : folder.length + 1);
  if (below === undefined)
    throw invalid(
      `The DomainFileUrl '${url}' is invalid: write s3://BUCKET/KEY, or file:// and the path of a file.`,
    );
  const steps = below.split('/');
  if (steps.some((step) => ['', '.', '..'].includes(step) || step.includes('\0'))) throw isElsewhere(url);
  return below;
}

function isElsewhere(url: string) {
  return invalid(`The DomainFileUrl '${url}' names no file of the folder for imports.`);
}
