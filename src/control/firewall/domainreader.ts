/** A thread that reads one file of domains and ends (see domainfile.ts). */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../util/assert.ts';
import { stayInBackground } from '../../util/priority.ts';
import { fileFault } from '../config/files.ts';
import { DOMAIN_REMEDY, readDomain } from './domain.ts';
import type { DomainFileMessage } from './domainfile.ts';

/** Route 53's limit of a file. */
const LINES_MAX = 250_000;
/** As many of the longest lines, and a line feed each. */
const OCTETS_MAX = LINES_MAX * 257;
/** What is shown of a line. */
const SHOWN_MAX = 40;

assert(parentPort !== null, 'this is a thread of its own');
stayInBackground();
parentPort.postMessage(outcomeOf(workerData as string));

function outcomeOf(path: string): DomainFileMessage {
  try {
    return domainsIn(read(path));
  } catch (error) {
    return { fault: `The file cannot be read: ${fileFault(error).message}.` };
  }
}

/** Without a wait for the other end of a pipe, whatever the path has become meanwhile. */
function read(path: string): Buffer | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' });
    return stat.size > OCTETS_MAX ? undefined : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function domainsIn(octets: Buffer | undefined): DomainFileMessage {
  if (octets === undefined) return { fault: `The file has over ${OCTETS_MAX} octets.` };
  const domains = new Set<string>();
  const lines = octets.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > LINES_MAX) return { fault: `The file has over ${LINES_MAX} lines.` };
  for (const [i, line] of lines.entries()) {
    const text = line.trim();
    if (text === '') continue;
    const domain = readDomain(text);
    if (domain === undefined) return { fault: faultText(i + 1, text) };
    domains.add(domain);
  }
  return { domains: [...domains].sort().join(' ') };
}

function faultText(line: number, text: string): string {
  const start = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
  // A status message has 255 characters, and an escape takes six.
  const shown = start.replaceAll(/[^ -~]/g, '?');
  return `Line ${line}: ${JSON.stringify(shown)} is no domain: ${DOMAIN_REMEDY}.`;
}
