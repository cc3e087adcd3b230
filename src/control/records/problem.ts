/** What is wrong with one name or value, in Route 53's words: `FATAL problem: CODE (REASON) encountered with 'TEXT'`. */
export class FatalProblem extends Error {
  override readonly name = 'FatalProblem';
  readonly code: string;
  /** What would be right. */
  readonly remedy: string;

  constructor(code: string, reason: string, found: string, remedy: string) {
    super(`FATAL problem: ${code} (${reason}) encountered with '${found}'`);
    this.code = code;
    this.remedy = remedy;
  }
}

/** As the API answers it. `Constraint`: one of the errors that its InvalidInput counts, `N validation errors detected: …`. */
export type FaultCode =
  | 'InvalidChangeBatch'
  | 'InvalidInput'
  | 'Constraint'
  | 'NoSuchHealthCheck'
  | 'NoSuchCidrCollectionException'
  | 'NoSuchCidrLocationException';

/** What is wrong with a record set. */
export interface Fault {
  readonly code: FaultCode;
  /** Where in the set: `['values', 2]`; empty for the set as a whole. */
  readonly field: Field;
  /** Route 53's text where one is known. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
}

export type Field = readonly (string | number)[];

/** Takes the faults of one set. */
export type Report = (code: FaultCode, field: Field, message: string, remedy: string) => void;

/** A value that the service model does not allow: `Value 'V' at 'field' failed to satisfy constraint: …`. */
export function constraint(report: Report, field: Field, value: unknown, must: string, remedy: string): void {
  const shown = String(value);
  const cut = shown.length <= SHOWN_CHARS ? shown : `${shown.slice(0, SHOWN_CHARS)}…`;
  report(
    'Constraint',
    field,
    `Value '${cut}' at '${field.join('.')}' failed to satisfy constraint: Member must ${must}`,
    remedy,
  );
}

/** A value may be as long as its file. */
const SHOWN_CHARS = 200;

/** Whether `value` is in `least`..`most`; reports where not. */
export function inRange(
  report: Report,
  field: Field,
  value: number,
  least: number,
  most: number,
  remedy = `write ${least} to ${most}`,
): boolean {
  if (value >= least && value <= most) return true;
  const [word, bound] = value < least ? ['greater', least] : ['less', most];
  constraint(report, field, value, `have value ${word} than or equal to ${bound}`, remedy);
  return false;
}

/** Whether `value` has `least`..`most` characters; reports where not. */
export function hasLength(report: Report, field: Field, value: string, least: number, most: number): boolean {
  if (value.length >= least && value.length <= most) return true;
  const [word, bound] = value.length < least ? ['greater', least] : ['less', most];
  const must = `have length ${word} than or equal to ${bound}`;
  constraint(report, field, value, must, `write ${least} to ${most} characters`);
  return false;
}
