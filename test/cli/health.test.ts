/** Health checks and routing controls, as the operator sees and sets them. */
import t from 'tap';
import { HttpFault } from '../../src/control/http.ts';
import type { RoutingControlsReport } from '../../src/view/health.ts';
import { cli } from '../support/cli.ts';
import { healthReports, startFakeDaemon } from '../support/fake-daemon.ts';

t.test('all checks, one line each', async (t) => {
  const daemon = await startFakeDaemon({});
  const { code, out } = await cli(['health', '--socket', daemon.socket.path]);
  t.equal(code, 0);
  const failure = 'Failure: HTTP Status Code 503, Service Unavailable';
  const since = '2026-01-02T03:04:05.000Z';
  t.equal(
    out,
    [
      'CHECK     TYPE        STATUS             SINCE                     TARGET                         LAST SEEN',
      `hc-web-1  HTTP        unhealthy          ${since}  http://10.20.0.80:8080/status  ${failure}`,
      `hc-web    CALCULATED  healthy, inverted  ${since}  1 of hc-web-1                  -`,
      '',
    ].join('\n'),
  );
  const { out: text } = await cli(['health', '--json', '--socket', daemon.socket.path]);
  t.same(JSON.parse(text), { checks: healthReports });
  await daemon.close();
});

t.test('one check: what was seen, and its changes', async (t) => {
  const daemon = await startFakeDaemon({});
  const { code, out } = await cli(['health', 'hc-web-1', '--socket', daemon.socket.path]);
  t.equal(code, 0);
  t.equal(
    out,
    `hc-web-1      HTTP
status        unhealthy
since         2026-01-02T03:04:05.000Z
target        http://10.20.0.80:8080/status
last failure  2026-01-02T04:04:05.000Z  Failure: HTTP Status Code 503, Service Unavailable

CHECKER  AT                        CONNECT MS  TLS MS  FIRST OCTET MS  SEEN
edge-1   2026-01-02T04:04:05.000Z         1.2       -            20.0  Failure: HTTP Status Code 503, Service Unavailable

CHANGED AT                TO         REASON
2026-01-02T03:04:05.000Z  unhealthy  Failure: Connection refused.
`,
  );
  await daemon.close();
});

t.test('none, and one that there is not', async (t) => {
  const reports = async (id?: string) => {
    if (id === undefined) return [];
    throw new HttpFault(404, `A health check with id ${id} does not exist.`, 'see `causeway health`');
  };
  const health = { reports, setAlarm: () => undefined, routingControls: never, setControls: never };
  const daemon = await startFakeDaemon({ daemon: { health } });
  t.equal((await cli(['health', '--socket', daemon.socket.path])).out, 'no health check\n');
  t.same(await cli(['health', 'a b&c', '--socket', daemon.socket.path]), {
    code: 1,
    out: '',
    err: 'causeway: A health check with id a b&c does not exist.; see `causeway health`\n',
  });
  t.equal((await cli(['health', 'a', 'b'])).code, 2);
  await daemon.close();
});

function never(): never {
  throw new Error('not asked for');
}

const CONTROLS: RoutingControlsReport = {
  controls: [
    { name: 'eu', state: 'on' },
    { name: 'us', state: 'off' },
  ],
  rules: [{ name: 'one-site', controls: ['eu', 'us'], atLeast: 1, on: 1 }],
};

t.test('routing controls: shown, set, refused', async (t) => {
  const set: Map<string, boolean>[] = [];
  const health = {
    reports: async () => [],
    setAlarm: () => undefined,
    routingControls: () => CONTROLS,
    setControls: (states: ReadonlyMap<string, boolean>) => {
      if (states.get('eu') === false && states.size === 1)
        throw new HttpFault(409, 'safety rule one-site: 0 of eu, us would be on', 'turn another one on');
      set.push(new Map(states));
      return CONTROLS;
    },
  };
  const daemon = await startFakeDaemon({ daemon: { health } });
  const run = (...words: string[]) => cli(['routing-control', ...words, '--socket', daemon.socket.path]);
  const shown = `ROUTING CONTROL  STATE
eu               on
us               off

SAFETY RULE  AT LEAST  ON  OF
one-site            1   1  eu, us
`;
  t.same(await run(), { code: 0, out: shown, err: '' });
  t.same(await run('us', 'on', 'eu', 'off'), { code: 0, out: shown, err: '' });
  t.same(set, [
    new Map([
      ['us', true],
      ['eu', false],
    ]),
  ]);
  t.same(await run('eu', 'off'), {
    code: 1,
    out: '',
    err: 'causeway: safety rule one-site: 0 of eu, us would be on; turn another one on\n',
  });
  t.match(await run('eu'), { code: 2, err: /say `on` or `off` behind eu/ });
  t.match(await run('eu', 'maybe'), { code: 2 });
  t.same(JSON.parse((await run('--json')).out), CONTROLS);
  await daemon.close();
});

t.test('no routing control', async (t) => {
  const daemon = await startFakeDaemon({});
  t.equal((await cli(['routing-control', '--socket', daemon.socket.path])).out, 'no routing control\n');
  await daemon.close();
});
