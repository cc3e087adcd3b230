/** Whether tests are to take minutes for what they try in seconds else: CAUSEWAY_LONG=1. */
export const LONG = process.env['CAUSEWAY_LONG'] === '1';
