/** dnsperf at a fixed rate as a client of end-to-end tests, with its answers counted by name. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from './tools.ts';

/** Without a reply for so long, a question is lost: longer than any server takes on a slow machine. */
const SILENCE_SECONDS = 10;

export interface Load {
  readonly address: string;
  readonly port: number;
  /** Address that it asks from. */
  readonly from: string;
  /** Lines such as `www.example A`, asked in turn, once. */
  readonly questions: readonly string[];
  readonly perSecond: number;
}

export interface Asked {
  readonly name: string;
  /** `NOERROR`, …, or `T` where no answer came. */
  readonly status: string;
}

/** Starts to ask; its questions are written into `folder`. `stop` ends it and resolves with all that was asked. */
export function startDnsperf(load: Load, folder: string): { stop(): Promise<Asked[]> } {
  const file = join(folder, `questions-${load.port}`);
  writeFileSync(file, load.questions.join('\n') + '\n');
  const args = ['-s', load.address, '-p', load.port, '-a', load.from, '-d', file, '-n', 1]
    .concat(['-v', '-c', 4, '-t', SILENCE_SECONDS, '-q', 10_000, '-Q', load.perSecond])
    .map(String);
  let signal: () => void = () => undefined;
  const asked = new Promise<Asked[]>((resolve, reject) => {
    const child = execFile(findTool('dnsperf')!, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(askedOf(stdout));
      else reject(new Error(stdout.slice(-2000) + stderr));
    });
    signal = () => child.kill('SIGINT');
  });
  return {
    stop() {
      signal();
      return asked;
    },
  };
}

/** `> NOERROR www.example A 0.000321`, `> T www.example A` */
function askedOf(output: string): Asked[] {
  return [...output.matchAll(/^> (\S+) (\S+) \S+/gm)].map(([, status, name]) => ({
    status: status!,
    name: name!,
  }));
}
