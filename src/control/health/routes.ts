import * as z from 'zod';
import { ALARM_STATES } from '../../view/health.ts';
import { type Routes, readBody } from '../http.ts';
import type { HealthDesk } from './desk.ts';

const alarmBody = z.strictObject({ id: z.string(), state: z.enum(ALARM_STATES) });
const controlsBody = z.strictObject({ states: z.record(z.string(), z.enum(['on', 'off'])) });

/** Of the control socket. */
export function healthRoutes(
  desk: Pick<HealthDesk, 'reports' | 'setAlarm' | 'routingControls' | 'setControls'>,
): Routes {
  return {
    'GET /health': async ({ query }) => ({ checks: await desk.reports(query.get('id') ?? undefined) }),
    'POST /health/alarm': async ({ body }) => {
      const { id, state } = readBody(alarmBody, body);
      desk.setAlarm(id, state);
      return { id, state };
    },
    'GET /routing-controls': () => desk.routingControls(),
    'POST /routing-controls': ({ body }) => {
      const { states } = readBody(controlsBody, body);
      return desk.setControls(new Map(Object.entries(states).map(([name, state]) => [name, state === 'on'])));
    },
  };
}
