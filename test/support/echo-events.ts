/** What threads of echo-*.ts say of themselves, on a BroadcastChannel of their process. */
export const EVENTS = 'echo';

export type EchoEvent =
  | 'control begins'
  | 'worker holds later'
  | 'worker holds fifo'
  | 'worker takes no more';
