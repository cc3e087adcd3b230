/**
 * Callers who change record sets by the API, in a process of their own: `node changework.ts JSON`. Requests are signed
 * with what Node.js has, so that it is the daemon that is measured and not an SDK.
 */
import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Signs and sends one batch. Throws where the answer is not 200. */
export class Changer {
  readonly #work: ChangeWork;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #number = 0;

  constructor(work: ChangeWork) {
    this.#work = work;
  }

  close(): void {
    this.#agent.destroy();
  }

  send(sets: readonly (readonly [string, string])[]): Promise<void> {
    const { port, accessKeyId, secretAccessKey, zone } = this.#work;
    const path = `/2013-04-01/hostedzone/${zone}/rrset/`;
    const changes = sets.map(
      ([name, address]) =>
        `<Change><Action>UPSERT</Action><ResourceRecordSet><Name>${name}</Name><Type>A</Type><TTL>60</TTL>` +
        `<ResourceRecords><ResourceRecord><Value>${address}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>`,
    );
    const body =
      '<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch>' +
      `<Comment>${process.pid} ${this.#number++}</Comment><Changes>${changes.join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
    const date = new Date().toISOString().replace(/[:-]|\.\d+/g, '');
    const day = date.slice(0, DATE_CHARS);
    const scope = `${day}/us-east-1/route53/aws4_request`;
    const host = `127.0.0.1:${port}`;
    const canonical = `POST\n${path}\n\nhost:${host}\nx-amz-date:${date}\n\nhost;x-amz-date\n${sha256(body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
    const key = ['us-east-1', 'route53', 'aws4_request'].reduce<Buffer>(
      hmac,
      hmac(`AWS4${secretAccessKey}`, day),
    );
    const signature = hmac(key, toSign).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
    const headers = {
      host,
      'x-amz-date': date,
      authorization,
      'content-type': 'text/xml',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path, method: 'POST', agent: this.#agent, headers });
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () =>
          response.statusCode === 200
            ? resolve()
            : reject(new Error(`${response.statusCode}: ${text.slice(0, 500)}`)),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

async function work(options: ChangeWork): Promise<ChangeTaken> {
  const { callers, names, batch, name, seconds } = options;
  const changer = new Changer(options);
  const requestMs: number[] = [];
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let at = performance.now(); at < end; ) {
      const sets = Array.from({ length: batch }, () => {
        next = (next + 7919) % names;
        return [`n${next}.${name}`, `10.1.${next & 255}.${requestMs.length & 255}`] as const;
      });
      await changer.send(sets);
      requestMs.push(performance.now() - at);
      at = performance.now();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  changer.close();
  return { requests: requestMs.length, requestMs };
}

if (import.meta.main)
  process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as ChangeWork)));
