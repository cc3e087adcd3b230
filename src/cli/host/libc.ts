/** What is odd about how libc asks: resolv.conf and nsswitch.conf. */
import { isIP } from 'node:net';
import { RESOLV_CONF } from './detect.ts';
import type { Facts } from './facts.ts';
import { error, type Finding, fine, isLoopback, note, warning } from './finding.ts';
import { holdersOf } from './listening.ts';
import { causewayAddresses } from './own.ts';
import { NAMESERVERS_MAX, ndotsOf } from './resolvconf.ts';

/** Of musl, which takes no more of a search list. */
const SEARCH_OCTETS_MAX = 255;
/** Docker's own, in a container with a network of its own. */
export const DOCKER_DNS = '127.0.0.11';

export function libcFindings(facts: Facts): Finding[] {
  return [
    ...nameserverFindings(facts),
    ...serverFindings(facts),
    ...searchFindings(facts),
    ...lineFindings(facts),
    ...switchFindings(facts),
  ];
}

const TOPIC = 'resolv.conf';

function nameserverFindings({ host, listeners, ...facts }: Facts): Finding[] {
  const { nameservers } = host.resolvConf;
  if (host.text === undefined || nameservers.length === 0) {
    const what = host.text === undefined ? `there is no ${RESOLV_CONF}` : `${RESOLV_CONF} names no server`;
    return holdersOf(listeners, '127.0.0.1').length > 0
      ? [note(TOPIC, `${what}: libc asks 127.0.0.1`)]
      : [error(TOPIC, `${what}: libc asks 127.0.0.1, where nobody listens`, '`causeway install-host`')];
  }
  const found: Finding[] = [];
  if (nameservers.length > NAMESERVERS_MAX)
    found.push(
      warning(
        TOPIC,
        `of ${nameservers.length} name servers libc asks the first ${NAMESERVERS_MAX}`,
        `leave out ${nameservers.slice(NAMESERVERS_MAX).join(', ')}`,
      ),
    );
  const own = causewayAddresses({ host, listeners, ...facts });
  const asked = nameservers.slice(0, NAMESERVERS_MAX);
  const others = asked.filter((each) => !own.includes(each));
  if (others.length > 0 && others.length < asked.length)
    found.push(
      warning(
        TOPIC,
        `${others.join(' and ')} ${others.length === 1 ? 'is' : 'are'} asked beside Causeway: by glibc when an answer is late or SERVFAIL, by musl always`,
        'name Causeway alone: private names go to the others too, and the first answer counts',
      ),
    );
  return found;
}

function serverFindings({ servers, listeners }: Facts): Finding[] {
  return servers.map(({ address, rcode }) => {
    if (rcode !== undefined) return fine(TOPIC, `${address} answers (${rcode} for the root)`);
    if (isIP(address.replace(/%.*/, '')) === 0)
      return error(TOPIC, `"${address}" is no address`, 'write the address of a name server');
    if (address !== DOCKER_DNS && isLoopback(address) && holdersOf(listeners, address).length === 0)
      return error(
        TOPIC,
        `nobody listens at ${address}`,
        'start what should, or `causeway uninstall-host` if that was Causeway for good',
      );
    return error(TOPIC, `${address} does not answer`, 'see whether it runs, and whether packets reach it');
  });
}

function searchFindings({ host }: Facts): Finding[] {
  const { search } = host.resolvConf;
  const ndots = ndotsOf(host.resolvConf);
  const found: Finding[] = [];
  if (search.length > 0 && ndots > 1)
    found.push(
      warning(
        TOPIC,
        `a name with fewer than ${ndots} dots is asked below each of ${search.length} search domains first: up to ${2 * (search.length + 1)} questions for one name`,
        'options ndots:1, or write names with a final dot (Kubernetes: dnsConfig.options)',
      ),
    );
  else if (search.length > 0)
    found.push(fine(TOPIC, `names without a dot are looked for below ${search.join(', ')} too`));
  if (search.join(' ').length > SEARCH_OCTETS_MAX)
    found.push(
      warning(
        TOPIC,
        `the search list has ${search.join(' ').length} octets; musl takes ${SEARCH_OCTETS_MAX}`,
        'leave domains out',
      ),
    );
  if (search.includes('.'))
    found.push(note(TOPIC, 'the search list has the root: names are asked as they stand, twice'));
  return found;
}

function lineFindings({ host }: Facts): Finding[] {
  const { unknown, options } = host.resolvConf;
  const found = unknown
    .slice(0, 3)
    .map(({ line, text }) =>
      warning(TOPIC, `line ${line}, "${text}", means nothing to libc`, 'see resolv.conf(5)'),
    );
  if (options.includes('rotate') && host.resolvConf.nameservers.length > 1)
    found.push(
      warning(
        TOPIC,
        'options rotate: each server is asked in turn',
        'leave it out, unless all know the same names',
      ),
    );
  return found;
}

const SWITCH = 'nsswitch.conf';

function switchFindings({ host, config }: Facts): Finding[] {
  const names = host.hosts.map(({ name }) => name);
  const dns = names.findIndex((name) => name === 'dns' || name === 'resolve');
  if (dns < 0)
    return [error(SWITCH, `hosts: ${names.join(' ')}: glibc asks no DNS`, 'add dns: hosts: files dns')];
  const found: Finding[] = [];
  if (host.asksResolved)
    found.push(
      note(
        SWITCH,
        'glibc asks systemd-resolved (resolve) and reads resolv.conf only where that does not run',
      ),
    );
  const stop = host.hosts.findIndex(
    ({ name, actions }) => name.startsWith('mdns') && actions.includes('notfound=return'),
  );
  const local =
    config.kind === 'read'
      ? config.configured.domains.find((each) => /(^|\.)local\.$/.test(each))
      : undefined;
  if (stop >= 0 && stop < dns && local !== undefined)
    found.push(
      warning(
        SWITCH,
        `${names[stop]} ends the search for names below local., and Causeway is never asked for ${local}`,
        `put dns before ${names[stop]}, or call the zone otherwise`,
      ),
    );
  if (names[0] === 'dns')
    found.push(note(SWITCH, 'DNS is asked before /etc/hosts', 'hosts: files dns is what programs expect'));
  return found;
}
