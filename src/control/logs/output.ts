/**
 * Where logged queries go, as lines with their line feeds or as octets. Nothing that it does throws: what cannot be written
 * is counted, told and gone.
 */
export interface Output<Entry extends string | Buffer = string> {
  /** It is written by the next `flush`, or as soon as whoever receives it is there. */
  add(entry: Entry): void;
  flush(): void;
  /** Whoever moved the file finds another one in its place from the next line on; who was away is called at once. */
  reopen(): void;
  /** Resolves when all that was added is written, or cannot be. It may be added to again afterwards. */
  close(): void | Promise<void>;
}
