/** Health checks, routing controls and safety rules: what is right in itself and together. */
import t from 'tap';
import { BASE, errorsOf, good, warningsOf } from './support.ts';

const checks = (...lines: string[]): string =>
  `healthChecks:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
const CONTROLS = 'routingControls: [{ name: eu, initial: on }, { name: us }]\n';

t.test("Route 53's defaults", async (t) => {
  const config = good(checks('{ id: a, type: HTTP, ipAddress: 192.0.2.1 }'));
  t.match(config.healthChecks, [
    { requestInterval: 30, failureThreshold: 3, inverted: false, disabled: false, measureLatency: false },
  ]);
  t.match(good(CONTROLS).routingControls, [{ initial: 'on' }, { initial: 'off' }]);
});

t.test('one of each type', async (t) => {
  t.same(
    errorsOf(
      CONTROLS +
        checks(
          '{ id: a, type: HTTP, fullyQualifiedDomainName: www.example., resourcePath: "/x?y=1" }',
          '{ id: b, type: HTTPS, ipAddress: "2001:db8::1", enableSNI: false, port: 8443, disabled: true }',
          '{ id: c, type: HTTP_STR_MATCH, ipAddress: 10.0.0.1, searchString: "ok", requestInterval: 10 }',
          '{ id: d, type: HTTPS_STR_MATCH, ipAddress: 10.0.0.1, searchString: "ok", measureLatency: true }',
          '{ id: e, type: TCP, ipAddress: 10.0.0.1, port: 5432, failureThreshold: 10 }',
          '{ id: f, type: CALCULATED, childHealthChecks: [a, b, g], healthThreshold: 2, inverted: true }',
          '{ id: g, type: CLOUDWATCH_METRIC }',
          '{ id: h, type: CLOUDWATCH_METRIC, insufficientDataHealthStatus: Healthy, alarm: { prometheus: "http://[::1]:9090/", query: up, comparison: LessThanThreshold, threshold: -1.5, period: 10s } }',
          '{ id: i, type: RECOVERY_CONTROL, routingControl: us }',
        ),
    ),
    [],
  );
});

t.test('values that are not right', async (t) => {
  const rows: [string, RegExp][] = [
    ['type: PING', /"PING" is not known here; write HTTP, HTTPS, .* or RECOVERY_CONTROL/],
    ['type: HTTP, ipAddress: www.example', /ipAddress/],
    ['type: HTTP, ipAddress: 0.0.0.0', /the wildcard address/],
    [
      'type: HTTP, fullyQualifiedDomainName: 192.0.2.1',
      /is not a host name; .* an address stands in ipAddress/,
    ],
    ['type: HTTP, fullyQualifiedDomainName: "a b"', /"a b" is not a host name/],
    ['type: HTTP, fullyQualifiedDomainName: "a\\r\\nX: y"', /is not a host name/],
    ['type: HTTP, fullyQualifiedDomainName: a..b', /is not a host name/],
    ['type: HTTP, ipAddress: 192.0.2.1, port: 0', /"0" is out of range; write a number from 1 to 65535/],
    ['type: HTTP, ipAddress: 192.0.2.1, requestInterval: 20', /requestInterval: .*write 10 or 30/],
    ['type: HTTP, ipAddress: 192.0.2.1, failureThreshold: 11', /from 1 to 10/],
    ['type: HTTP, ipAddress: 192.0.2.1, resourcePath: "/a b"', /is not a path/],
    ['type: HTTP, ipAddress: 192.0.2.1, resourcePath: "/a\\r\\nHost: x"', /is not a path/],
    [`type: HTTP, ipAddress: 192.0.2.1, resourcePath: /${'x'.repeat(255)}`, /at most 255/],
    [
      `type: HTTP_STR_MATCH, ipAddress: 192.0.2.1, searchString: ${'x'.repeat(256)}`,
      /write 1 to 255 characters/,
    ],
    ['type: CALCULATED, childHealthChecks: [], healthThreshold: -1', /from 0 to 256/],
    ['type: CLOUDWATCH_METRIC, alarm: { prometheus: "ftp://x" }', /is not the URL of a server/],
    ['type: CLOUDWATCH_METRIC, alarm: { prometheus: "http://x?y" }', /is not the URL of a server/],
    ['type: CLOUDWATCH_METRIC, alarm: { prometheus: "http://a:100%@x" }', /is not the URL of a server/],
    ['type: CLOUDWATCH_METRIC, alarm: { comparison: ">" }', /comparison: .*write GreaterThanOrEqual/],
    ['type: CLOUDWATCH_METRIC, insufficientDataHealthStatus: healthy', /write Healthy, Unhealthy or Last/],
    ['type: HTTP, ipAddress: 192.0.2.1, serchString: x', /did you mean "searchString"\?/],
  ];
  for (const [line, expected] of rows)
    t.match(errorsOf(checks(`{ id: a, ${line} }`)).join('\n'), expected, line);
  const many = checks(...Array.from({ length: 16_385 }, (_, i) => `{ id: c${i}, type: CLOUDWATCH_METRIC }`));
  t.match(errorsOf(many), [/healthChecks: the list has 16385 entries; write 0 to 16384/]);
});

t.test('what a check of its type needs', async (t) => {
  t.match(
    errorsOf(
      checks(
        '{ id: a, type: HTTP }',
        '{ id: b, type: TCP, ipAddress: 192.0.2.1 }',
        '{ id: c, type: HTTPS_STR_MATCH, ipAddress: 192.0.2.1 }',
        '{ id: d, type: CALCULATED }',
        '{ id: e, type: RECOVERY_CONTROL }',
      ),
    ),
    [
      /2:5 healthChecks\[0\]: a HTTP check needs ipAddress or fullyQualifiedDomainName; add for example ipAddress/,
      /3:5 healthChecks\[1\]: a TCP check needs port/,
      /healthChecks\[2\]: a HTTPS_STR_MATCH check needs searchString/,
      /healthChecks\[3\]: a CALCULATED check needs childHealthChecks; add for example childHealthChecks: \[hc-web-1\]/,
      /healthChecks\[3\]: a CALCULATED check needs healthThreshold/,
      /healthChecks\[4\]: a RECOVERY_CONTROL check needs routingControl/,
    ],
  );
});

t.test('what a check of its type does not have', async (t) => {
  t.match(
    errorsOf(
      CONTROLS +
        checks(
          '{ id: a, type: HTTP, ipAddress: 192.0.2.1, searchString: x, enableSNI: true }',
          '{ id: b, type: TCP, ipAddress: 192.0.2.1, port: 1, resourcePath: / }',
          '{ id: c, type: CALCULATED, childHealthChecks: [a, b], healthThreshold: 1, requestInterval: 10 }',
          '{ id: d, type: RECOVERY_CONTROL, routingControl: eu, failureThreshold: 1, alarm: {} }',
          '{ id: e, type: CLOUDWATCH_METRIC, routingControl: eu }',
        ),
    )
      .filter((error) => error.includes('has no'))
      .map((error) => error.replace(/^[0-9:]+ /, '')),
    [
      /^healthChecks\[0\]\.searchString: a HTTP check has no searchString; leave it out; it is for HTTP_STR_MATCH/,
      /^healthChecks\[0\]\.enableSNI: a HTTP check has no enableSNI/,
      /^healthChecks\[1\]\.resourcePath: a TCP check has no resourcePath/,
      /^healthChecks\[2\]\.requestInterval: a CALCULATED check has no requestInterval/,
      /^healthChecks\[3\]\.failureThreshold: a RECOVERY_CONTROL check has no failureThreshold/,
      /^healthChecks\[3\]\.alarm: a RECOVERY_CONTROL check has no alarm/,
      /^healthChecks\[4\]\.routingControl: a CLOUDWATCH_METRIC check has no routingControl/,
    ],
  );
});

t.test('what refers to something else', async (t) => {
  t.match(
    errorsOf(
      CONTROLS +
        checks(
          '{ id: a, type: CLOUDWATCH_METRIC }',
          '{ id: a, type: CLOUDWATCH_METRIC }',
          '{ id: b, type: CALCULATED, childHealthChecks: [a, c, a, b], healthThreshold: 1 }',
          '{ id: d, type: CALCULATED, childHealthChecks: [b], healthThreshold: 1 }',
          '{ id: e, type: RECOVERY_CONTROL, routingControl: uk }',
        ) +
        'safetyRules: [{ name: r, assertedControls: [eu, eu, ap], atLeast: 4 }, { name: r, assertedControls: [us], atLeast: 1 }]\n',
    ).map((error) => error.replace(/^[0-9:]+ /, '')),
    [
      /^healthChecks\[1\]\.id: id "a" is taken by healthChecks\[0\]/,
      /^healthChecks\[2\]\.childHealthChecks\[1\]: no health check has the id "c"/,
      /^healthChecks\[2\]\.childHealthChecks\[2\]: a stands here twice/,
      /^healthChecks\[2\]\.childHealthChecks\[3\]: b is a CALCULATED check, which cannot be a child/,
      /^healthChecks\[3\]\.childHealthChecks\[0\]: b is a CALCULATED check/,
      /^healthChecks\[4\]\.routingControl: no routing control is called "uk"; did you mean/,
      /^safetyRules\[0\]\.assertedControls\[1\]: eu stands here twice/,
      /^safetyRules\[0\]\.assertedControls\[2\]: no routing control is called "ap"/,
      /^safetyRules\[0\]\.atLeast: 4 of 3 controls can never be on/,
      /^safetyRules\[1\]\.name: "r" stands at safetyRules\[0\]\.name already/,
    ],
  );
  t.match(errorsOf('routingControls: [{ name: a }, { name: a }]'), [
    /"a" stands at routingControls\[0\]\.name/,
  ]);
});

t.test('a file full of mistakes: what was meant is said of the first ones', async (t) => {
  const ids = Array.from({ length: 1000 }, (_, i) => `{ id: check-${i}, type: CLOUDWATCH_METRIC }`);
  const children = Array.from({ length: 250 }, (_, i) => `chekc-${i}`).join();
  const parents = Array.from(
    { length: 4 },
    (_, i) => `{ id: p${i}, type: CALCULATED, healthThreshold: 1, childHealthChecks: [${children}] }`,
  );
  const errors = errorsOf(checks(...ids, ...parents));
  t.equal(errors.length, 1000);
  t.match(errors[0], /has the id "chekc-0"; did you mean "check-0"\?/);
  t.match(errors[999], /has the id "chekc-249"; $/);
});

t.test('what may not be meant so', async (t) => {
  t.match(
    warningsOf(
      BASE +
        checks(
          '{ id: a, type: HTTP, ipAddress: 192.0.2.1, regions: [eu-west-1, us-east-1, us-west-2] }',
          '{ id: b, type: CALCULATED, childHealthChecks: [a], healthThreshold: 0 }',
          '{ id: c, type: CALCULATED, childHealthChecks: [a], healthThreshold: 2 }',
        ),
    ),
    [
      /healthChecks\[0\]\.regions: regions have no effect: the only checker is this node/,
      /healthChecks\[1\]\.healthThreshold: with 0 of 1 children the check is always healthy/,
      /healthChecks\[2\]\.healthThreshold: with 2 of 1 children the check is never healthy/,
    ],
  );
});
