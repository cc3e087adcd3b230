/**
 * How long answers take, by the packets on the loopback interface: what the client itself waits for its core is no part
 * of it, which with two cores for everything is most of the highest percentile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { findTool } from '../support/tools.ts';
import { type Latency, quantiles } from './latency.ts';
import { LOAD_CORE, onCore } from './load.ts';

/** A pcap file with nanoseconds, of Ethernet: file header, then for each packet a header, Ethernet, IPv4, UDP, DNS. */
const FILE_OCTETS = 24;
const PACKET_OCTETS = 16;
const NANO_MAGIC = 0xa1b23c4d;
const IP_AT = 14;
/** Up to the flags of DNS. */
const SNAP_OCTETS = 80;

export class Wiretap {
  readonly #tool: ChildProcess;
  readonly #file: string;
  readonly #port: number;

  private constructor(tool: ChildProcess, file: string, port: number) {
    this.#tool = tool;
    this.#file = file;
    this.#port = port;
  }

  /** Queries to a port of 127.0.0.1 from now on, and their answers. Undefined without tcpdump. */
  static async start(file: string, port: number): Promise<Wiretap | undefined> {
    const tcpdump = findTool('tcpdump');
    if (tcpdump === undefined) return undefined;
    const options = [
      '-i',
      'lo',
      '-n',
      '-s',
      String(SNAP_OCTETS),
      '-B',
      '65536',
      '--time-stamp-precision=nano',
    ];
    const command = [...onCore(LOAD_CORE), tcpdump, ...options, '-w', '-', `udp port ${port}`];
    const out = openSync(file, 'w');
    const tool = spawn(command[0]!, command.slice(1), { stdio: ['ignore', out, 'pipe'] });
    closeSync(out);
    // It says that it listens.
    await once(tool.stderr!, 'data');
    tool.stderr!.resume();
    return new Wiretap(tool, file, port);
  }

  async stop(): Promise<Latency> {
    const ended = once(this.#tool, 'exit');
    this.#tool.kill('SIGINT');
    await ended;
    return quantiles(waits(readFileSync(this.#file), this.#port));
  }
}

/** From each query to its answer, in microseconds. */
export function waits(pcap: Buffer, port: number): number[] {
  if (pcap.length < FILE_OCTETS || pcap.readUInt32LE(0) !== NANO_MAGIC)
    throw new Error('tcpdump wrote no pcap file with nanoseconds');
  /** By port of the client and ID. */
  const asked = new Map<number, number>();
  const found: number[] = [];
  for (let at = FILE_OCTETS; at + PACKET_OCTETS + SNAP_OCTETS / 2 < pcap.length; ) {
    const us = pcap.readUInt32LE(at) * 1e6 + pcap.readUInt32LE(at + 4) / 1e3;
    const ip = at + PACKET_OCTETS + IP_AT;
    at += PACKET_OCTETS + pcap.readUInt32LE(at + 8);
    const udp = ip + 4 * (pcap[ip]! & 0x0f);
    const [from, to] = [pcap.readUInt16BE(udp), pcap.readUInt16BE(udp + 2)];
    const id = pcap.readUInt16BE(udp + 8);
    if (to === port) asked.set(from * 65_536 + id, us);
    const since = from === port ? asked.get(to * 65_536 + id) : undefined;
    if (since !== undefined) found.push(us - since);
  }
  return found;
}
