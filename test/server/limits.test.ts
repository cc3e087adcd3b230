/**
 * The limits on what strangers may cause, as they were decided: figures that stand here once more, so that none of them
 * changes by the way. What holds them is tested in counted work, where each is.
 */
import t from 'tap';
import { failureLifetime } from '../../src/cache/ttl.ts';
import { DS_MAX } from '../../src/dnssec/ds.ts';
import { NSEC3_RECORDS_MAX } from '../../src/dnssec/evidence.ts';
import { NSEC3_ITERATIONS_MAX, NSEC3_SALT_OCTETS_MAX } from '../../src/dnssec/nsec3.ts';
import { FAILED_CHECKS_MAX, SAME_TAG_KEYS_MAX } from '../../src/dnssec/verify.ts';
import * as budget from '../../src/resolver/budget.ts';
import { TRIES_MAX } from '../../src/resolver/candidate.ts';
import { ZONE_FETCHES_MAX } from '../../src/resolver/fetchcap.ts';
import { INFLIGHT_MAX, JOSTLE_MS, WAITERS_MAX } from '../../src/resolver/inflight.ts';
import { LOOKUP_FAILURES_MAX, LOOKUPS_MAX, REFERRALS_MAX } from '../../src/resolver/iterate.ts';
import { MINIMISE_STEPS_MAX } from '../../src/resolver/minimise.ts';
import { ADDRESSES_MAX, SERVERS_KEPT_MAX, SERVERS_USED_MAX } from '../../src/resolver/referral.ts';
import * as scrub from '../../src/resolver/scrub.ts';
import { OUTSTANDING_MAX } from '../../src/resolver/target.ts';
import { CONNECTIONS_PER_UPSTREAM } from '../../src/resolver/transport/pool.ts';
import { CONNECTIONS_MAX } from '../../src/resolver/transport/tcp.ts';
import { FIRST_MS, QUEUED_OCTETS_MAX } from '../../src/server/connection.ts';
import { REQUESTS_MAX, WAITING_OCTETS_MAX } from '../../src/server/doh/connection.ts';
import { HEADER_PAIRS_MAX } from '../../src/server/doh/http2.ts';
import { STREAMS_FIRST_MAX } from '../../src/server/doh/streamlimit.ts';
import { CHAIN_LINKS_MAX } from '../../src/server/query.ts';
import * as clients from '../../src/server/tcpclients.ts';
import { IN_FLIGHT_MAX } from '../../src/server/tcpconnection.ts';
import { WAITING_PER_CLIENT_MAX } from '../../src/server/waitingclients.ts';
import { UDP_PAYLOAD } from '../../src/wire/constants.ts';
import { EDNS_OPTIONS_MAX } from '../../src/wire/edns.ts';
import { ADDITIONAL_NAMES_MAX } from '../../src/zone/address.ts';

/** What limits what: the figure of the code, and the one that was decided. */
const LIMITS: Readonly<Record<string, readonly (readonly [ours: number, decided: number])[]>> = {
  'packets and octets of a query': [
    [budget.BUDGET_PACKETS, 200],
    [budget.BUDGET_BYTES, 128 * 1024],
  ],
  'time of a query: its reply, and its work': [
    [budget.BUDGET_REPLY_MS, 4_500],
    [budget.BUDGET_WORK_MS, 10_000],
  ],
  'aliases of a chain': [
    [CHAIN_LINKS_MAX, 11],
    [scrub.CHAIN_LINKS_MAX, 11],
  ],
  'sub-queries of sub-queries, referrals': [
    [budget.DEPTH_MAX, 7],
    [REFERRALS_MAX, 64],
  ],
  'servers of a delegation: kept, used, looked up, looked up in vain': [
    [SERVERS_KEPT_MAX, 20],
    [SERVERS_USED_MAX, 13],
    [LOOKUPS_MAX, 10],
    [LOOKUP_FAILURES_MAX, 5],
  ],
  'addresses of a server': [[ADDRESSES_MAX, 6]],
  'steps of QNAME minimisation': [[MINIMISE_STEPS_MAX, 10]],
  'tries at a server by one transport': [[TRIES_MAX, 3]],
  'signature checks of a query, those that fail of them, those that fail of an RRset': [
    [budget.BUDGET_VERIFIES, 32],
    [budget.BUDGET_FAILED_VERIFIES, 4],
    [FAILED_CHECKS_MAX, 4],
  ],
  'keys of one tag, DS records': [
    [SAME_TAG_KEYS_MAX, 2],
    [DS_MAX, 8],
  ],
  'NSEC3: iterations, blocks of a query, records, octets of salt': [
    [NSEC3_ITERATIONS_MAX, 50],
    [budget.BUDGET_NSEC3_BLOCKS, 128],
    [NSEC3_RECORDS_MAX, 8],
    [NSEC3_SALT_OCTETS_MAX, 64],
  ],
  'records of an RRset, types of a name': [
    [scrub.RRSET_RECORDS_MAX, 256],
    [scrub.RRSET_TYPES_MAX, 100],
  ],
  'EDNS options that are read': [[EDNS_OPTIONS_MAX, 32]],
  'names whose addresses are added': [[ADDITIONAL_NAMES_MAX, 13]],
  'octets of a datagram': [[UDP_PAYLOAD, 1232]],
  'questions in flight in a worker, milliseconds until one may be pushed out': [
    [INFLIGHT_MAX, 2048],
    [JOSTLE_MS, 200],
  ],
  'clients that wait for a question, questions of a client that wait': [
    [WAITERS_MAX, 100],
    [WAITING_PER_CLIENT_MAX, 1000],
  ],
  'questions out at a zone, at a server': [
    [ZONE_FETCHES_MAX, 200],
    [OUTSTANDING_MAX, 400],
  ],
  'clients by TCP, of one address, questions of a connection, milliseconds until the first': [
    [clients.TCP_CLIENTS_MAX, 1024],
    [clients.TCP_CLIENTS_PER_ADDRESS_MAX, 32],
    [IN_FLIGHT_MAX, 32],
    [FIRST_MS, 2_000],
    [QUEUED_OCTETS_MAX, 64 * 1024],
  ],
  'by HTTPS: clients, streams, streams before the first request, octets that wait, header pairs': [
    [clients.HTTP_CLIENTS_MAX, 300],
    [REQUESTS_MAX, 100],
    [STREAMS_FIRST_MAX, 50],
    [WAITING_OCTETS_MAX, 1024 * 1024],
    [HEADER_PAIRS_MAX, 32],
  ],
  'connections to servers, to one of them': [
    [CONNECTIONS_MAX, 64],
    [CONNECTIONS_PER_UPSTREAM, 4],
  ],
  'seconds that a failure is remembered: the first, the second, the hundredth': [
    [failureLifetime(0), 5],
    [failureLifetime(1), 10],
    [failureLifetime(99), 300],
  ],
};

for (const [what, figures] of Object.entries(LIMITS))
  t.test(what, async (t) => {
    t.same(
      figures.map(([ours]) => ours),
      figures.map(([, decided]) => decided),
    );
  });
