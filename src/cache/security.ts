/**
 * What validation made of data (RFC 4035 section 4.3). `unchecked`: nothing yet, or it was not to be done.
 * `insecure`: it is provably not signed. `secure`: a chain of signatures leads to it. What is bogus is a failure and
 * no data.
 */
export type Security = 'unchecked' | 'insecure' | 'secure';

/** The lesser of two. */
export function leastSecurity(a: Security, b: Security): Security {
  if (a === 'unchecked' || b === 'unchecked') return 'unchecked';
  return a === 'insecure' || b === 'insecure' ? 'insecure' : 'secure';
}
