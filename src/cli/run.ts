/** What bin/causeway runs. */
import { main } from './main.ts';
import { terminal } from './terminal.ts';

// The reader of a pipe may have seen enough: `causeway cache dump | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// Nobody is left to be told: what a command does goes on, and its exit code says how it went.
process.stderr.on('error', () => undefined);

const io = terminal();
const code = await main(process.argv.slice(2), io);
await io.flushed();
// Not by itself: a command may have left a handle open.
process.exit(code);
