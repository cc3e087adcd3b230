import type { Name } from '../wire/name.ts';

/**
 * A way to an answer: one rule as one view sees it. Everything learned by it is kept under its `context` and is
 * never used for another path (design decision 8).
 */
export type Path = ForwardPath | RecursivePath;

interface PathBase {
  /** Part of every cache and in-flight key. Stable over reloads while the rule's definition is the same. */
  readonly context: number;
  /** The rule's id, for EDE texts and `explain`. */
  readonly rule: string;
  /** The rule's domain: this name and all below it are asked of the targets. */
  readonly domain: Name;
  /** Index of the view in the snapshot. */
  readonly view: number;
  /** Source addresses to send from; empty: the kernel chooses. One of the server's family is picked per query. */
  readonly sources: readonly string[];
  /** RFC 8767: expired data may be served when the servers fail. */
  readonly serveStale: boolean;
  /** Random letter case in questions by UDP, checked in replies. */
  readonly case0x20: boolean;
  /** Answers are validated by DNSSEC; without it they are taken as insecure. */
  readonly validate: boolean;
  /**
   * The path of the names above `domain`, which has the upper links of the chain of trust, and the addresses of servers
   * that a stub zone delegates to; absent: this one itself is asked for them.
   */
  readonly above?: Path;
}

/** Asks resolvers (RD set). */
export interface ForwardPath extends PathBase {
  readonly kind: 'forward';
  readonly policy: ForwardPolicy;
  /** 1 to 6, in the order of the rule. */
  readonly targets: readonly ForwardTarget[];
  /** A target may refer on: there are DELEGATE rules. Absent: false. */
  readonly refersOn?: boolean;
}

/**
 * Asks authoritative servers, from one referral to the next (RD clear), beginning at `origin`: the root with its
 * hints, or for a stub rule its domain and the servers that it names.
 */
export interface RecursivePath extends PathBase {
  readonly kind: 'recursive';
  readonly origin: Name;
  readonly servers: readonly HintServer[];
  /** The root: the servers are hints to be primed (RFC 9609). Otherwise they are what they are. */
  readonly hints: boolean;
}

/** A server that the configuration names: a root hint, or a target of a stub rule (which has no name: the root). */
export interface HintServer {
  readonly name: Name;
  readonly addresses: readonly ForwardTarget[];
}

/**
 * `random`: Route 53's, each question starts at a random target. `ordered`: the first that works, the others are
 * standbys. `fastest`: by smoothed round-trip time, with exploration. `hedged`: as `fastest`, and a second target
 * is asked when the first takes longer than it usually does; the first good answer wins.
 */
export type ForwardPolicy = 'random' | 'ordered' | 'fastest' | 'hedged';

/** A server that is asked, and how: plainly by UDP and TCP, or only ever through TLS. */
export type ForwardTarget = PlainTarget | SecureTarget;

export interface PlainTarget {
  /** IPv4 or IPv6 in text. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'do53';
}

/** By DNS over TLS (RFC 7858) or DNS over HTTPS (RFC 8484). There is no way back to plain text. */
export interface SecureTarget {
  /** The first address of its peer. */
  readonly address: string;
  readonly port: number;
  readonly protocol: SecureProtocol;
  readonly peer: TlsPeer;
}

export type SecureProtocol = 'dot' | 'doh';

/** A server that is met by TLS, and what it is known by: the strict profile of RFC 8310. */
export interface TlsPeer {
  /** Stands for all of the others: who has the same shares connections and sessions. */
  readonly key: string;
  /** All addresses of the server; of both families, maybe. */
  readonly addresses: readonly string[];
  /** The name or address that its certificate must be for; undefined: it is known by a pin alone. */
  readonly name: string | undefined;
  /** SHA-256 digests of public keys (SubjectPublicKeyInfo) in base64, one of which its certificate must have; empty: any. */
  readonly pins: readonly string[];
  /** Who may sign its certificate, in PEM; undefined: those whom the runtime trusts. One object for all that share it. */
  readonly ca: { readonly pem: string } | undefined;
  /** Of DNS over HTTPS: `/dns-query`. */
  readonly path: string;
}

/** What of a target tells it from others, in texts. */
export interface NamedTarget {
  readonly address: string;
  readonly port: number;
  readonly protocol?: ForwardTarget['protocol'];
  readonly peer?: TlsPeer | undefined;
}

const SCHEMES = { do53: '', dot: 'tls://', doh: 'https://' } as const;

/**
 * `192.0.2.53:53`, `[2001:db8::53]:53`, `tls://192.0.2.53:853#dns.example`: how a target is named in EDE texts, logs
 * and status.
 */
export function targetToText({ address, port, protocol = 'do53', peer }: NamedTarget): string {
  const place = isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
  const name = peer?.name === undefined || peer.name === address ? '' : `#${peer.name}`;
  return `${SCHEMES[protocol]}${place}${name}`;
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}
