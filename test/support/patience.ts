import { LONG } from './long.ts';

/**
 * Figures of time are asserted in the long run, on a machine that does nothing else. Elsewhere they only tell work
 * that runs away from a machine that is slow or shared: such work takes thousands of times as long.
 */
export const PATIENCE = LONG ? 1 : 40;
