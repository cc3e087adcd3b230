/** Where lines go. Nothing that it does throws: what cannot be written is counted, told and gone. */
export interface Output {
  /** A whole line, with its line feed. It is written by the next `flush`. */
  add(line: string): void;
  flush(): void;
  /** Whoever moved the file finds another one in its place from the next line on. */
  reopen(): void;
  close(): void;
}
