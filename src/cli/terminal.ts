import type { Io } from './command.ts';

/** The standard streams of the process, which may be pipes with slow readers. */
export interface Terminal extends Io {
  /** Resolves when all that was said is written. */
  flushed(): Promise<void>;
}

/** NO_COLOR: no-color.org; an empty value does not count. */
export function terminal(): Terminal {
  const noColour = (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  const out = sayingTo(process.stdout);
  const err = sayingTo(process.stderr);
  return {
    out: out.say,
    err: err.say,
    colour: process.stdout.isTTY === true && !noColour,
    cwd: process.cwd(),
    async flushed() {
      await out.last();
      await err.last();
    },
  };
}

/**
 * A pipe takes 64 kB at once; what is more waits for the reader, and would be lost with the process. Only what is said here
 * counts: the daemon's own log, whose reader may have stalled, does not keep it from ending.
 */
function sayingTo(stream: NodeJS.WriteStream): { say: (text: string) => void; last: () => Promise<void> } {
  // Written in order: the last is written when all are.
  let last = Promise.resolve();
  return {
    say: (text) => {
      last = new Promise((resolve) => stream.write(text, () => resolve()));
    },
    last: () => last,
  };
}
