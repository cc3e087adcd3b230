/**
 * Callers who change record sets by the API, in a process of their own: `node changework.ts JSON`. Requests are signed
 * with what Node.js has, so that it is the daemon that is measured and not an SDK.
 */
import { createHmac, hash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface ChangeWork {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly zone: string;
  readonly name: string;
  /** Names n0 ... of the zone. */
  readonly names: number;
  readonly callers: number;
  readonly seconds: number;
  /** Changes in one request. */
  readonly batch: number;
}

export interface ChangeTaken {
  readonly requests: number;
  /** From sending a request to its response. */
  readonly requestMs: readonly number[];
}

const DATE_CHARS = 8;
const HEAD_END = '\r\n\r\n';

const sha256 = (text: string): string => hash('sha256', text);
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * A connection that signs and sends one batch after the other. It writes HTTP by itself: a client of Node.js costs half
 * of what the daemon does for a change, and with two cores for all that is the daemon's time.
 */
export class Changer {
  readonly #work: ChangeWork;
  readonly #socket: Socket;
  #number = 0;
  #key: { readonly day: string; readonly octets: Buffer } | undefined;
  #text = '';
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(work: ChangeWork) {
    this.#work = work;
    this.#socket = connect({ host: '127.0.0.1', port: work.port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.#text += text;
      this.#read();
    });
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the daemon has closed the connection')));
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  /** Rejects where the answer is not 200. One at a time. */
  send(sets: readonly (readonly [string, string])[]): Promise<void> {
    const { port, accessKeyId, zone } = this.#work;
    const path = `/2013-04-01/hostedzone/${zone}/rrset/`;
    const changes = sets.map(
      ([name, address]) =>
        `<Change><Action>UPSERT</Action><ResourceRecordSet><Name>${name}</Name><Type>A</Type><TTL>60</TTL>` +
        `<ResourceRecords><ResourceRecord><Value>${address}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>`,
    );
    const body =
      '<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch>' +
      `<Comment>${process.pid} ${this.#socket.localPort} ${this.#number++}</Comment><Changes>${changes.join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
    const date = new Date().toISOString().replace(/[:-]|\.\d+/g, '');
    const day = date.slice(0, DATE_CHARS);
    const scope = `${day}/us-east-1/route53/aws4_request`;
    const host = `127.0.0.1:${port}`;
    const canonical = `POST\n${path}\n\nhost:${host}\nx-amz-date:${date}\n\nhost;x-amz-date\n${sha256(body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
    const signature = hmac(this.#keyOf(day), toSign).toString('hex');
    const lines = [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      `X-Amz-Date: ${date}`,
      `Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      'Content-Type: text/xml',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(lines.join('\r\n') + HEAD_END + body);
    });
  }

  #keyOf(day: string): Buffer {
    if (this.#key?.day !== day) {
      const first = hmac(`AWS4${this.#work.secretAccessKey}`, day);
      this.#key = { day, octets: ['us-east-1', 'route53', 'aws4_request'].reduce<Buffer>(hmac, first) };
    }
    return this.#key.octets;
  }

  /** A whole response: the daemon says how long each is. */
  #read(): void {
    const head = this.#text.indexOf(HEAD_END);
    if (head < 0) return;
    const length = /^content-length: (\d+)/im.exec(this.#text.slice(0, head))?.[1];
    if (length === undefined) throw new Error(`a response without its length: ${this.#text}`);
    if (this.#text.length < head + HEAD_END.length + Number(length)) return;
    const text = this.#text;
    const { resolve, reject } = this.#waiting!;
    this.#text = '';
    this.#waiting = undefined;
    if (text.startsWith('HTTP/1.1 200 ')) resolve();
    else reject(new Error(text.slice(0, 500)));
  }
}

async function work(options: ChangeWork): Promise<ChangeTaken> {
  const { callers, names, batch, name, seconds } = options;
  const requestMs: number[] = [];
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const caller = async (): Promise<void> => {
    const changer = new Changer(options);
    for (let at = performance.now(); at < end; ) {
      const sets = Array.from({ length: batch }, () => {
        next = (next + 7919) % names;
        return [`n${next}.${name}`, `10.1.${next & 255}.${requestMs.length & 255}`] as const;
      });
      await changer.send(sets);
      requestMs.push(performance.now() - at);
      at = performance.now();
    }
    changer.close();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { requests: requestMs.length, requestMs };
}

if (import.meta.main)
  process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as ChangeWork)));
