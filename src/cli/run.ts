/** What bin/causeway runs. */
import { main } from './main.ts';

// The reader of a pipe may have seen enough: `causeway cache dump | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exit(await main(process.argv.slice(2)));
