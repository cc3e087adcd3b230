/** A worker that does not come as far as its first beat. */
throw new Error('broken from the start');
