/**
 * The costly work of validation, charged before it is made and never given back: `resolver/budget` of the client
 * query that causes it. False means that the work must not be done.
 */
export interface Work {
  /** One check of a signature (KeyTrap, CVE-2023-50387). */
  takeVerify(): boolean;
  /** The check that was taken last has failed. Absent: only their number counts. */
  verifyFailed?(): void;
  /** Calls of the compression function that hashing one name for NSEC3 takes (CVE-2023-50868). */
  takeNsec3Blocks(blocks: number): boolean;
}
