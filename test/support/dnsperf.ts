/** dnsperf at a fixed rate as a client of end-to-end tests, with its answers counted by name. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from './tools.ts';

export interface Load {
  readonly address: string;
  readonly port: number;
  /** Address that it asks from. */
  readonly from: string;
  /** Lines such as `www.example A`, asked in turn. */
  readonly questions: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Asked {
  readonly name: string;
  /** `NOERROR`, …, or `T` where no answer came. */
  readonly status: string;
}

/** Resolves, when the time is over, with all that was asked. Its queries are written into `folder`. */
export function dnsperf(load: Load, folder: string): Promise<Asked[]> {
  const file = join(folder, `questions-${load.port}`);
  writeFileSync(file, load.questions.join('\n') + '\n');
  const args = [
    '-s',
    load.address,
    '-p',
    load.port,
    '-a',
    load.from,
    '-d',
    file,
    '-v',
    '-c',
    4,
    '-t',
    3,
    '-q',
    10_000,
  ]
    .concat(['-Q', load.perSecond, '-l', load.seconds])
    .map(String);
  return new Promise((resolve, reject) => {
    execFile(findTool('dnsperf')!, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(askedOf(stdout));
      else reject(new Error(stdout.slice(-2000) + stderr));
    });
  });
}

/** `> NOERROR www.example A 0.000321`, `> T www.example A` */
function askedOf(output: string): Asked[] {
  return [...output.matchAll(/^> (\S+) (\S+) \S+/gm)].map(([, status, name]) => ({
    status: status!,
    name: name!,
  }));
}
