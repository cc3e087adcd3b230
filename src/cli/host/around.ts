/** What is odd around Causeway: who else has its port, where its questions go, whether it runs. */
import { RESOLVED_ADDRESSES } from './detect.ts';
import type { Facts } from './facts.ts';
import { error, type Finding, fine, isLoopback, note, warning } from './finding.ts';
import { DOCKER_DNS } from './libc.ts';
import { holdersOf, type Listener, spareAddress } from './listening.ts';
import { asksByResolved, causewayAddresses, isOwn, listensOf, type Place, placeOf, reaches } from './own.ts';
import { LOOPBACK_PORT } from './world.ts';

export function daemonFindings({ config, daemon }: Facts): Finding[] {
  const topic = 'daemon';
  const found: Finding[] = [];
  if (config.kind === 'none')
    found.push(
      note(
        topic,
        'there is no configuration of Causeway',
        '`causeway install-host --print-config` prints one',
      ),
    );
  if (config.kind === 'faulty')
    for (const each of config.errors.slice(0, 3))
      found.push(error(topic, each, `\`causeway check --config ${config.file}\` shows all errors`));
  if (daemon.kind === 'silent') found.push(error(topic, daemon.fault, daemon.remedy));
  if (daemon.kind !== 'runs') return found;
  const { ready, pid, config: loaded, targets } = daemon.status;
  found.push(
    ready
      ? fine(topic, `Causeway serves ${loaded.file} (pid ${pid})`)
      : error(topic, `Causeway (pid ${pid}) is not ready`, 'see `causeway status` and its log'),
  );
  for (const each of loaded.errors.slice(0, 3))
    found.push(error(topic, `the last reload was refused: ${each}`, 'mend the file, and `causeway reload`'));
  for (const { target, breaker } of targets)
    if (breaker === 'open')
      found.push(
        warning(topic, `${target} does not answer, and is asked no more for now`, 'see `causeway status`'),
      );
  return found;
}

/** Others on the port where Causeway is to listen. */
export function clashFindings(facts: Facts): Finding[] {
  const { listeners, daemon } = facts;
  const pid = daemon.kind === 'runs' ? daemon.status.pid : undefined;
  const others = listeners.filter(
    ({ process }) => pid === undefined || process?.endsWith(`(pid ${pid})`) !== true,
  );
  const clashes = listensOf(facts)
    .filter(({ port }) => port === LOOPBACK_PORT)
    .flatMap(({ address }) => {
      const holder = othersAt(others, address, pid !== undefined);
      if (holder === undefined) return [];
      const who = holder.process ?? 'another program';
      return [
        error(
          'port 53',
          `${who} has ${holder.address} port 53, where Causeway is to listen at ${address}`,
          mendOf(who, spareAddress(listeners)),
        ),
      ];
    });
  if (clashes.length > 0 || listeners.length === 0) return clashes;
  const who = new Set(
    listeners.map(({ address, process }) => `${address} ${process ?? 'by a program that only root may see'}`),
  );
  return [note('port 53', [...who].join(', '))];
}

/** A daemon that runs has what it listens on; another program with the same address shares it unseen. */
function othersAt(others: readonly Listener[], address: string, runs: boolean): Listener | undefined {
  return holdersOf(others, address).find(
    (each) => !runs || (each.address === address && each.process !== undefined),
  );
}

function mendOf(who: string, spare: string | undefined): string {
  const move = spare === undefined ? 'end it' : `listen at ${spare}`;
  if (who.startsWith('systemd-resolve')) return `${move}, or write DNSStubListener=no in resolved.conf`;
  if (who.startsWith('dnsmasq')) return `${move}, or give dnsmasq bind-interfaces and except-interface=lo`;
  if (who.startsWith('named')) return `${move}, or give named listen-on with its own addresses`;
  if (who.startsWith('docker-proxy')) return `${move}, or publish the container's port on one address`;
  if (/^(node|causeway|MainThread)/.test(who)) return `${move}, or end the other Causeway`;
  return `${move}, or end it`;
}

interface Target extends Place {
  readonly why: string;
}

/** Questions that come back to where they were asked. */
export function loopFindings(facts: Facts): Finding[] {
  const places = listensOf(facts);
  const topic = 'loop';
  return targetsOf(facts).flatMap((target) => {
    const { address, port, why } = target;
    if (reaches(places, target, facts.addresses))
      return [
        error(topic, `${why} asks ${address} port ${port}, which is Causeway itself`, 'name another server'),
      ];
    if (port !== LOOPBACK_PORT) return [];
    if (RESOLVED_ADDRESSES.includes(address) && asksByResolved(facts))
      return [
        error(
          topic,
          `${why} asks systemd-resolved (${address}), which asks Causeway`,
          `name the servers behind it: ${(facts.resolvedUplinks ?? []).filter((each) => !reaches(places, { address: each, port }, facts.addresses)).join(', ') || 'those of the network'}`,
        ),
      ];
    const [holder] = isOwn(address, facts.addresses) ? holdersOf(facts.listeners, address) : [];
    if (holder === undefined || address === DOCKER_DNS) return [];
    return [
      note(
        topic,
        `${why} asks ${holder.process ?? 'a server'} on this host: it must not ask Causeway for the same names`,
      ),
    ];
  });
}

function targetsOf({ config, daemon }: Facts): Target[] {
  const rules = config.kind === 'read' ? config.configured.targets : [];
  const declared = rules.map(({ rule, domain, ...place }) => ({ ...place, why: `rule ${rule} (${domain})` }));
  const served = daemon.kind === 'runs' ? daemon.status.targets : [];
  const others = served.flatMap(({ target }) => {
    const place = placeOf(target);
    const isKnown = declared.some(({ address, port }) => address === place?.address && port === place.port);
    return place === undefined || isKnown ? [] : [{ ...place, why: 'a rule' }];
  });
  return [...declared, ...others];
}

export function dockerFindings(facts: Facts): Finding[] {
  const { nameservers } = facts.host.resolvConf;
  const topic = 'Docker';
  if (nameservers.includes(DOCKER_DNS)) {
    const isAsked = targetsOf(facts).some(({ address }) => address === DOCKER_DNS);
    return [
      note(
        topic,
        `${DOCKER_DNS} is Docker's own server: it knows names of containers, and asks the host's servers for others`,
        isAsked ? undefined : `keep names of containers: a forward rule with targets: [${DOCKER_DNS}]`,
      ),
    ];
  }
  if (!facts.dockerEngine) return [];
  const seen = facts.resolvedUplinks ?? nameservers;
  if (seen.length === 0 || !seen.every(isLoopback)) return [];
  return [
    warning(
      topic,
      'containers on the default bridge cannot ask a loopback address: Docker gives them 8.8.8.8 instead',
      'have Causeway listen at the address of docker0 too, and name that in /etc/docker/daemon.json: {"dns": ["172.17.0.1"]}',
    ),
  ];
}

export function installationFindings(facts: Facts): Finding[] {
  const { installation } = facts;
  const topic = 'installation';
  switch (installation.kind) {
    case 'none':
      return causewayAddresses(facts).length > 0 || facts.config.kind === 'none'
        ? []
        : [note(topic, 'this host does not ask Causeway', '`causeway install-host`')];
    case 'damaged':
      return [error(topic, installation.fault, installation.remedy)];
    case 'known': {
      const { state, changed, address } = installation;
      if (state !== 'installed')
        return [
          error(
            topic,
            `an ${state === 'installing' ? 'installation' : 'uninstallation'} was interrupted`,
            '`causeway uninstall-host`',
          ),
        ];
      if (changed.length > 0)
        return [
          error(
            topic,
            `${changed.join(' and ')} ${changed.length === 1 ? 'is' : 'are'} not as \`causeway install-host\` wrote: something else writes there`,
            'find it (a DHCP or VPN client?), then `causeway uninstall-host --force` and install again',
          ),
        ];
      return [fine(topic, `\`causeway install-host\` has this host ask ${address}`)];
    }
    default:
      return installation satisfies never;
  }
}
