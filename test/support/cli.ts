import { main } from '../../src/cli/main.ts';

export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process, as a terminal without colour would see it. */
export async function cli(
  args: readonly string[],
  over: { colour?: boolean; cwd?: string } = {},
): Promise<Output> {
  let out = '';
  let err = '';
  const code = await main(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    colour: over.colour ?? false,
    cwd: over.cwd ?? '/',
  });
  return { code, out, err };
}
