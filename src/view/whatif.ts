/** What a change would do to questions that were asked: plain data from the workers to control and to the command line. */
export interface WhatIfReport {
  /** Questions that were asked in both worlds, each once. */
  readonly questions: number;
  readonly differences: readonly WhatIfDifference[];
  /** What the configuration that was tried may be doubted for. */
  readonly warnings: readonly string[];
}

export interface WhatIfDifference {
  readonly qname: string;
  readonly qtype: string;
  readonly vpc: string;
  readonly client: string;
  readonly before: WhatIfAnswer;
  readonly after: WhatIfAnswer;
  /** `shadowed`: it was public until now, and a zone would answer instead. */
  readonly kind: 'changed' | 'shadowed';
}

export interface WhatIfAnswer {
  /** `NOERROR` …; `unknown`: it would have to be asked for. */
  readonly rcode: string;
  /** One record a line, in zone-file form. */
  readonly answer: readonly string[];
  /** What answers: `zone internal.example.@vpc-corp`. */
  readonly by: string;
}

/** A worker's part. */
export interface WorkerWhatIf {
  readonly questions: number;
  readonly differences: readonly WhatIfDifference[];
}

/** A question as an operator gives it. Names are in wire form. */
export interface WhatIfQuestion {
  readonly name: Uint8Array;
  readonly type: number;
  readonly vpc: string;
  /** 4 or 16 octets. */
  readonly client: Uint8Array;
}
