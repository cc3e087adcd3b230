/**
 * What is there at once or comes later. Most of what is looked up is known by then: who goes on with it does so in the
 * same turn, without a promise, an async function that is put aside, and what both hold meanwhile.
 */
export type Soon<T> = T | Promise<T>;

/** `next` of it: at once, if it is there. */
export function soon<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * `next` of each, one after the other and at once as long as none has to be waited for.
 * @param done of those that were before, in their order
 */
export function soonEach<T, R>(
  items: readonly T[],
  next: (item: T, done: readonly R[]) => Soon<R>,
  done: R[] = [],
): Soon<R[]> {
  while (done.length < items.length) {
    const result = next(items[done.length]!, done);
    if (result instanceof Promise)
      return result.then((late) => {
        done.push(late);
        return soonEach(items, next, done);
      });
    done.push(result);
  }
  return done;
}
