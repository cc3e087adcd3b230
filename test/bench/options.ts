/** What every subcommand of `npm run bench` is told by its command line. */
export interface Options {
  /** How often each server is measured. */
  readonly rounds: number;
  /** Of one measurement of one server. */
  readonly seconds: number;
  /** The servers to measure, where the command line names some. */
  readonly peers: readonly string[] | undefined;
  /** Zones of the small Internet of `cold`. */
  readonly zones: number;
  /** Whether the tables are written to docs/performance.md. */
  readonly write: boolean;
  /** As it can be typed again. */
  readonly command: string;
}
