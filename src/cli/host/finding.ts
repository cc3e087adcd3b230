/** What a diagnosis says: an error keeps names from being found, a warning may, a note is good to know. */
export type Level = 'fine' | 'note' | 'warning' | 'error';

export interface Finding {
  readonly level: Level;
  /** `resolv.conf`, `port 53`, `loop`, … */
  readonly topic: string;
  readonly text: string;
  /** What would mend it; undefined where nothing has to be. */
  readonly mend?: string;
}

export const fine = (topic: string, text: string): Finding => ({ level: 'fine', topic, text });
export const note = (topic: string, text: string, mend?: string): Finding =>
  mend === undefined ? { level: 'note', topic, text } : { level: 'note', topic, text, mend };
export const warning = (topic: string, text: string, mend: string): Finding => ({
  level: 'warning',
  topic,
  text,
  mend,
});
export const error = (topic: string, text: string, mend: string): Finding => ({
  level: 'error',
  topic,
  text,
  mend,
});

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}
