/** The one error that reading wire bytes may throw: the input is not a well-formed message, name or rdata. */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** Offset in the buffer at which the fault was seen. */
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The one error that reading presentation form may throw. `line` and `column` count from 1. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly line: number;
  readonly column: number;
  constructor(message: string, line = 1, column = 1) {
    super(message);
    this.line = line;
    this.column = column;
  }
}
