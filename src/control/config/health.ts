import { urlToHttpOptions } from 'node:url';
import * as z from 'zod';
import { ALARM_STATES, COMPARISONS, HEALTH_CHECK_TYPES, INSUFFICIENT_DATA } from '../../view/health.ts';
import { TextError } from '../../wire/error.ts';
import { nameFromText } from '../../wire/name.ts';
import { SettingError } from './problem.ts';
import { duration, hostAddress, ID_RANGE, id, setting, text, word } from './setting.ts';

/** Route 53's bounds. */
const NAME_MAX = 255;
const PATH_MAX = 255;
const SEARCH_MAX = 255;
const CHILDREN_MAX = 256;
/** A quarter of the slots there are: some are always free while others are still in an image. */
export const HEALTH_CHECKS_MAX = 16_384;
const QUERY_MAX = 4096;

/** A host name as it goes into a Host header and a TLS handshake. */
function hostName() {
  return text((input) => {
    const bare = input.replace(/\.$/, '');
    const remedy = 'write a name such as www.example.com; an address stands in ipAddress';
    if (!/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(bare) || /^[0-9.]+$/.test(bare))
      throw new SettingError(`"${input}" is not a host name`, remedy);
    if (bare.length > NAME_MAX)
      throw new SettingError('the name is too long', `write at most ${NAME_MAX} characters`);
    try {
      nameFromText(bare);
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new SettingError(`"${input}" is not a host name: ${error.message}`, remedy);
    }
    return bare.toLowerCase();
  });
}

function resourcePath() {
  return text((input) => {
    if (/^[!-~]+$/.test(input) && input.length <= PATH_MAX)
      return input.startsWith('/') ? input : `/${input}`;
    throw new SettingError(
      `"${input}" is not a path`,
      `write at most ${PATH_MAX} printable ASCII characters without blanks, such as /status?full=1`,
    );
  });
}

function searchString() {
  return text((input) => {
    if (input.length > 0 && input.length <= SEARCH_MAX) return input;
    throw new SettingError(`a text of ${input.length} characters`, `write 1 to ${SEARCH_MAX} characters`);
  });
}

function prometheusUrl() {
  return text((input) => {
    const url = URL.canParse(input) ? new URL(input) : undefined;
    if (
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.search === '' &&
      url.hash === '' &&
      canBeAsked(url)
    )
      return input.replace(/\/+$/, '');
    throw new SettingError(
      `"${input}" is not the URL of a server`,
      'write http:// or https:// with a host, such as http://prometheus.example:9090',
    );
  });
}

/** A password with a `%` of its own is no URL for the library that asks. */
function canBeAsked(url: URL): boolean {
  try {
    urlToHttpOptions(url);
    return true;
  } catch {
    return false;
  }
}

const alarm = z.strictObject({
  prometheus: setting(prometheusUrl(), {
    description:
      'The Prometheus server that answers the query; its API is at `/api/v1/query` below this URL.',
    range: 'an http:// or https:// URL',
    example: 'http://prometheus.example:9090',
  }),
  query: setting(z.string().min(1).max(QUERY_MAX), {
    description:
      'PromQL expression. It is in alarm if one of its values compares so with the threshold; no value is want of data.',
    range: `1 to ${QUERY_MAX} characters`,
    example: 'avg(rate(http_errors_total[5m]))',
  }),
  comparison: setting(word(COMPARISONS), {
    description: 'How a value that is in alarm compares with the threshold.',
    range: COMPARISONS.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    example: 'GreaterThanThreshold',
  }),
  threshold: setting(z.number(), {
    description: 'What values are compared with.',
    range: 'a number',
    example: '0.05',
  }),
  period: setting(duration('10s', '1h'), {
    description: 'Time from one answer to the next query.',
    range: 'a time from 10s to 1h',
    example: '30s',
  }).prefault('1m'),
});

/** A health check, in the words of Route 53's API. */
export const healthCheckSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the check, by which record sets and CALCULATED checks name it.',
    range: ID_RANGE,
    example: 'hc-web-1',
  }),
  type: setting(word(HEALTH_CHECK_TYPES), {
    description:
      'What is checked. `HTTP`, `HTTPS`: a status of 200 to 399; `_STR_MATCH`: also a text in the body; `TCP`: a connection. `CALCULATED`: how many other checks are healthy. `CLOUDWATCH_METRIC`: a PromQL expression, or what was set by `POST /health/alarm` on the control socket. `RECOVERY_CONTROL`: a routing control.',
    range: HEALTH_CHECK_TYPES.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    example: 'HTTP',
  }),
  ipAddress: setting(hostAddress(), {
    description: 'Address of the endpoint, also a private one.',
    range: 'an IP address',
    example: '192.0.2.80',
    absent: 'the name is resolved for each request, IPv4 only',
  }).optional(),
  port: setting(z.int().min(1).max(65535), {
    description: 'Port of the endpoint.',
    range: 'a number from 1 to 65535',
    example: '8080',
    absent: '80 for `HTTP`, 443 for `HTTPS`; `TCP` checks need one',
  }).optional(),
  fullyQualifiedDomainName: setting(hostName(), {
    description:
      'Name of the endpoint: the Host header, what TLS asks for, and what is resolved where there is no address.',
    range: `a host name, at most ${NAME_MAX} characters`,
    example: 'www.example.com',
    absent: 'the address stands for it',
  }).optional(),
  resourcePath: setting(resourcePath(), {
    description: 'What is asked for, with its query string if any. Redirects are successes and not followed.',
    range: `at most ${PATH_MAX} printable ASCII characters without blanks`,
    example: '/status',
    absent: '/',
  }).optional(),
  searchString: setting(searchString(), {
    description:
      'What must stand wholly in the first 5,120 octets of the body, case counts; gzip and deflate are decoded before. Of `_STR_MATCH` checks.',
    range: `1 to ${SEARCH_MAX} characters`,
    example: 'all is well',
    absent: 'none; `_STR_MATCH` checks need one',
  }).optional(),
  requestInterval: setting(z.union([z.literal(10), z.literal(30)]), {
    description: 'Seconds from a response to the next request, less up to a tenth at random.',
    range: '10 or 30',
    example: '10',
  }).prefault(30),
  failureThreshold: setting(z.int().min(1).max(10), {
    description: 'Results in a row that it takes to become unhealthy, or healthy again.',
    range: 'a number from 1 to 10',
    example: '2',
  }).prefault(3),
  measureLatency: setting(z.boolean(), {
    description:
      'Measure the times to the connection, the TLS handshake and the first octet; see `causeway health`.',
    range: 'true or false',
    example: 'true',
  }).prefault(false),
  inverted: setting(z.boolean(), {
    description:
      'Healthy counts as unhealthy, and the reverse. A new check is unhealthy then, until it is known better.',
    range: 'true or false',
    example: 'true',
  }).prefault(false),
  disabled: setting(z.boolean(), {
    description: 'The check is not made and is healthy (inverted: unhealthy).',
    range: 'true or false',
    example: 'true',
  }).prefault(false),
  enableSNI: setting(z.boolean(), {
    description:
      'Of `HTTPS` checks: name the host in the TLS handshake. If the certificate is for other names, the handshake is made once more without. Certificates are never validated.',
    range: 'true or false',
    example: 'false',
    absent: 'true',
  }).optional(),
  regions: z
    .array(
      setting(z.string(), {
        description: 'Without effect, and warned of: the only checker is this node, wherever it is.',
        range: 'AWS regions',
        example: 'eu-west-1',
        absent: 'this node',
      }),
    )
    .optional(),
  childHealthChecks: z
    .array(
      setting(id(), {
        description: 'Of `CALCULATED` checks: the checks that are counted, no CALCULATED ones.',
        range: `ids of health checks, at most ${CHILDREN_MAX}`,
        example: 'hc-web-1',
        absent: 'none; `CALCULATED` checks need some',
      }),
    )
    .max(CHILDREN_MAX)
    .optional(),
  healthThreshold: setting(z.int().min(0).max(CHILDREN_MAX), {
    description:
      'Of `CALCULATED` checks: how many children must be healthy. With 0 it always is, with more than there are never.',
    range: `a number from 0 to ${CHILDREN_MAX}`,
    example: '1',
    absent: 'none; `CALCULATED` checks need one',
  }).optional(),
  alarm: setting(alarm, {
    description: 'Of `CLOUDWATCH_METRIC` checks: the alarm, unhealthy while it is on.',
    range: 'settings',
    example:
      '{ prometheus: "http://192.0.2.90:9090", query: up, comparison: LessThanThreshold, threshold: 1 }',
    absent: `it is set by hand to ${ALARM_STATES.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`,
  }).optional(),
  insufficientDataHealthStatus: setting(word(INSUFFICIENT_DATA), {
    description:
      'Of `CLOUDWATCH_METRIC` checks: the status for want of data. `LastKnownStatus` is healthy where none is known.',
    range: 'Healthy, Unhealthy or LastKnownStatus',
    example: 'Unhealthy',
    absent: 'LastKnownStatus',
  }).optional(),
  routingControl: setting(id(), {
    description: 'Of `RECOVERY_CONTROL` checks: the routing control; on is healthy.',
    range: 'the name of a routing control',
    example: 'eu',
    absent: 'none; `RECOVERY_CONTROL` checks need one',
  }).optional(),
});

export type HealthCheckConfig = z.output<typeof healthCheckSchema>;

export const healthChecksSchema = z.array(healthCheckSchema).max(HEALTH_CHECKS_MAX);

export const healthChecksExample = `healthChecks:
  - { id: hc-web-1, type: HTTP, ipAddress: 10.20.0.80, port: 8080, resourcePath: /status, requestInterval: 10 }
  - id: hc-web-2
    type: HTTPS_STR_MATCH
    fullyQualifiedDomainName: www.example.com
    searchString: all is well
    failureThreshold: 2
    measureLatency: true
  - { id: hc-web, type: CALCULATED, childHealthChecks: [hc-web-1, hc-web-2], healthThreshold: 1 }
  - id: hc-errors
    type: CLOUDWATCH_METRIC
    alarm:
      prometheus: http://10.20.0.90:9090
      query: avg(rate(http_errors_total[5m]))
      comparison: GreaterThanThreshold
      threshold: 0.05
    insufficientDataHealthStatus: Healthy
  - { id: hc-eu, type: RECOVERY_CONTROL, routingControl: eu }
`;

/** A switch that operators set. */
export const routingControlSchema = z.strictObject({
  name: setting(id(), {
    description: 'Name of the routing control.',
    range: ID_RANGE,
    example: 'eu',
  }),
  initial: setting(word(['on', 'off']), {
    description:
      'Its state until it is set for the first time; what was set is kept in the state folder over restarts.',
    range: 'on or off',
    example: 'on',
  }).prefault('off'),
});

export const routingControlsExample = `routingControls:
  - { name: eu, initial: on }
  - { name: us, initial: off }
`;

/** What no change of routing controls may break. */
export const safetyRuleSchema = z.strictObject({
  name: setting(id(), {
    description: 'Name of the rule, which the refusal of a change tells.',
    range: ID_RANGE,
    example: 'one-site',
  }),
  assertedControls: z
    .array(
      setting(id(), {
        description: 'The routing controls of which some must be on.',
        range: 'names of routing controls',
        example: 'eu',
      }),
    )
    .min(1),
  atLeast: setting(z.int().min(1), {
    description: 'How many of them must be on: a change that turns one off and leaves fewer is refused.',
    range: 'a number from 1 to that of the controls',
    example: '1',
  }),
});

export const safetyRulesExample = `safetyRules:
  - { name: one-site, assertedControls: [eu, us], atLeast: 1 }
`;
