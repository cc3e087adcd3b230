/** Lists of domains: what goes in by requests and by files, what comes out, and what is refused. */
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { FirewallPolicy } from '../../../../src/control/firewall/policy.ts';
import { withFirewall } from '../../../../src/control/hosted/firewall.ts';
import { startResolver, type TestResolver, THEIRS } from './support.ts';

const NONE: FirewallPolicy = { lists: [], groups: [], associations: [], failOpen: new Set() };

/** A list with what tests do with it again and again. */
class List {
  readonly api: TestResolver;
  readonly id: string;

  constructor(api: TestResolver, id: string) {
    this.api = api;
    this.id = id;
  }

  static async make(api: TestResolver, Name = 'list'): Promise<List> {
    const { FirewallDomainList } = await api.call('CreateFirewallDomainList', {
      CreatorRequestId: Name,
      Name,
    });
    return new List(api, FirewallDomainList!.Id!);
  }

  async get() {
    const named = { FirewallDomainListId: this.id };
    return (await this.api.call('GetFirewallDomainList', named)).FirewallDomainList!;
  }

  update(Operation: 'ADD' | 'REMOVE' | 'REPLACE', Domains: readonly string[]) {
    return this.api.call('UpdateFirewallDomains', { FirewallDomainListId: this.id, Operation, Domains });
  }

  async domains(MaxResults?: number): Promise<string[]> {
    const all: string[] = [];
    for (let NextToken: string | undefined; ; ) {
      const input = { FirewallDomainListId: this.id, MaxResults, NextToken };
      const page = await this.api.call('ListFirewallDomains', input);
      t.ok(page.Domains!.length <= (MaxResults ?? 100));
      all.push(...page.Domains!);
      NextToken = page.NextToken;
      if (NextToken === undefined) return all;
    }
  }

  import(DomainFileUrl: string) {
    const named = { FirewallDomainListId: this.id, Operation: 'REPLACE' } as const;
    return this.api.call('ImportFirewallDomains', { ...named, DomainFileUrl });
  }

  /** Resolves with what the list is when nothing is being imported. */
  async imported(DomainFileUrl: string) {
    t.match(await this.import(DomainFileUrl), { Id: this.id, Status: 'IMPORTING' });
    for (;;) {
      const list = await this.get();
      if (list.Status !== 'IMPORTING') return list;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

t.test('a list: made, shown, listed, deleted with its domains', async (t) => {
  const api = startResolver();
  const list = await List.make(api);
  t.match(list.id, /^rslvr-fdl-[0-9a-f]{17}$/);
  const got = await list.get();
  t.match(got, {
    Arn: `arn:aws:route53resolver:us-east-1:000000000000:firewall-domain-list/${list.id}`,
    Name: 'list',
    DomainCount: 0,
    Status: 'COMPLETE',
    CreatorRequestId: 'list',
  });
  t.equal((await List.make(api)).id, list.id, 'an equal request');
  const { FirewallDomainLists } = await api.call('ListFirewallDomainLists', {});
  t.match(FirewallDomainLists, [{ Id: list.id, Name: 'list' }]);
  t.notOk('DomainCount' in FirewallDomainLists![0]!);
  t.same((await api.call('ListFirewallDomainLists', {}, THEIRS)).FirewallDomainLists, []);

  await list.update('ADD', ['a.example']);
  const named = { FirewallDomainListId: list.id };
  const { FirewallDomainList: gone } = await api.call('DeleteFirewallDomainList', named);
  t.match(gone, { Id: list.id, Status: 'DELETING', DomainCount: 1 });
  await t.rejects(list.get(), { code: 'ResourceNotFoundException' });
  t.equal(api.store.count({ kind: 'firewall-domains' }), 0);
});

t.test('domains are added, removed and replaced', async (t) => {
  const api = startResolver();
  const list = await List.make(api);
  const version = (): string => withFirewall(NONE, api.store).lists[0]!.version;
  const first = version();
  const updated = await list.update('ADD', ['B.example', '*.b.example.', 'a.example', 'a.example.', '*']);
  t.match(updated, {
    Id: list.id,
    Name: 'list',
    Status: 'COMPLETE',
    StatusMessage: /^\[Trace id: .*\] Finished domain list update$/,
  });
  t.same(await list.domains(), ['*', '*.b.example.', 'a.example.', 'b.example.']);
  const second = version();
  t.not(first, second, 'other domains, another version');
  await list.update('ADD', ['b.example']);
  t.equal(version(), second, 'nothing new');
  await list.update('REMOVE', ['*', 'B.example.']);
  t.same(await list.domains(), ['*.b.example.', 'a.example.']);
  await t.rejects(list.update('REMOVE', ['a.example', 'c.example']), {
    code: 'ValidationException',
    message: /^The following domains don't exist .*Example unknown domain: 'c\.example\.'\.$/,
  });
  t.equal((await list.get()).DomainCount, 2);
  await list.update('REPLACE', ['z.example', 'a.example']);
  t.same(await list.domains(), ['a.example.', 'z.example.']);
  await list.update('REPLACE', []);
  t.same([await list.domains(), (await list.get()).DomainCount], [[], 0]);
});

t.test('domains that are none, or too many', async (t) => {
  const list = await List.make(startResolver());
  for (const [domains, message] of [
    [['a.example', 'b..example'], /^The domain 'b\.\.example' at 'domains\.2\.member' is invalid: /],
    [['*a.example'], /'\*a\.example'/],
    [[`${'a'.repeat(64)}.example`], /is invalid/],
    [Array.from({ length: 1001 }, (_, i) => `d${i}.`), /length less than or equal to 1000/],
  ] as const)
    await t.rejects(list.update('ADD', domains), { code: 'ValidationException', message });
  t.same(await list.domains(), []);
});

t.test('pages', async (t) => {
  const api = startResolver();
  const list = await List.make(api);
  const all = Array.from({ length: 1000 }, (_, i) => `d${String(i).padStart(4, '0')}.example.`);
  await list.update('ADD', all);
  t.same(await list.domains(), all);
  t.same(await list.domains(333), all);
  t.same(await list.domains(1000), all);
  const { NextToken } = await api.call('ListFirewallDomains', { FirewallDomainListId: list.id });
  await list.update('REMOVE', [all[100]!]);
  const next = await api.call('ListFirewallDomains', { FirewallDomainListId: list.id, NextToken });
  t.equal(next.Domains![0], all[101], 'where the page began there is nothing any more');
  const broken = { FirewallDomainListId: list.id, NextToken: 'x' };
  await t.rejects(api.call('ListFirewallDomains', broken), { code: 'InvalidNextTokenException' });
});

t.test('a list of the configuration', async (t) => {
  let reads = 0;
  const domains = (): string[] => {
    reads++;
    return ['b.example.', '*.a.example.', 'c.example.'];
  };
  const lost = { id: 'lost', version: 'v', domains: undefined };
  const api = startResolver({ ...NONE, lists: [{ id: 'own', version: 'v', domains }, lost] });
  const own = new List(api, 'own');
  t.match(await own.get(), {
    Name: 'own',
    DomainCount: 3,
    Status: 'COMPLETE',
    ManagedOwnerName: 'Causeway configuration',
  });
  t.same(await own.domains(2), ['*.a.example.', 'b.example.', 'c.example.']);
  t.equal(reads, 1);
  t.match(await new List(api, 'lost').get(), { DomainCount: 0, Status: 'COMPLETE_IMPORT_FAILED' });
  t.same(await new List(api, 'lost').domains(), []);
  const refusal = { code: 'ValidationException', message: /declared in the configuration: change it there/ };
  await t.rejects(own.update('ADD', ['x.']), refusal);
  await t.rejects(own.import('s3://b/k'), refusal);
  await t.rejects(api.call('DeleteFirewallDomainList', { FirewallDomainListId: 'own' }), refusal);
});

/** A list, and a folder for imports. */
async function withImports(t: Test): Promise<{ list: List; folder: string }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-imports-')));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const api = startResolver(NONE, {
    api: { listen: { address: '127.0.0.1', port: 1 }, rateLimit: { rate: 1, burst: 1 }, imports: folder },
  });
  mkdirSync(join(folder, 'bucket/lists'), { recursive: true });
  return { list: await List.make(api), folder };
}

t.test('a file takes the place of all domains', async (t) => {
  const { list, folder } = await withImports(t);
  await list.update('ADD', ['before.example']);
  writeFileSync(join(folder, 'bucket/lists/ads.txt'), 'B.example\r\n\r\n*.a.example\nb.example.');
  t.match(await list.imported('s3://bucket/lists/ads.txt'), {
    Status: 'COMPLETE',
    DomainCount: 2,
    StatusMessage: /Finished domain list import$/,
  });
  t.same(await list.domains(), ['*.a.example.', 'b.example.']);
  writeFileSync(join(folder, 'plain'), '');
  t.match(await list.imported(`file://${folder}/plain`), { Status: 'COMPLETE', DomainCount: 0 });
});

t.test('a file with a fault leaves the list as it was', async (t) => {
  const { list, folder } = await withImports(t);
  await list.update('ADD', ['before.example']);
  const file = join(folder, 'bucket/x');
  for (const [text, message] of [
    ['a.example\n\nb example\n', /^Line 3: "b example" is no domain: write a name/],
    [`${'"\u00e9\u0000'.repeat(100)}\n`, /^Line 1: ".*\.\.\." is no domain/],
    ['a.\n'.repeat(250_001), /^The file has over 250000 lines\.$/],
  ] as const) {
    writeFileSync(file, text);
    const got = await list.imported('s3://bucket/x');
    t.match(got, { Status: 'COMPLETE_IMPORT_FAILED', DomainCount: 1, StatusMessage: message });
    t.ok(got.StatusMessage!.length <= 255);
  }
  truncateSync(file, 250_000 * 257 + 1);
  t.match(await list.imported('s3://bucket/x'), { StatusMessage: 'The file has over 64250000 octets.' });
  t.same(await list.domains(), ['before.example.']);
  writeFileSync(file, 'a.example\n'.repeat(250_000));
  t.match(await list.imported('s3://bucket/x'), { Status: 'COMPLETE', DomainCount: 1 });
  t.match(await list.update('ADD', ['b.example']), { Status: 'COMPLETE' });
});

t.test('URLs that name no file of the folder', async (t) => {
  const { list, folder } = await withImports(t);
  symlinkSync('/etc', join(folder, 'bucket/etc'));
  symlinkSync('nothing', join(folder, 'bucket/dangling'));
  writeFileSync(`${folder}-beside`, 'a.example');
  t.teardown(() => rmSync(`${folder}-beside`));
  for (const [url, message] of [
    ['https://bucket.s3.amazonaws.com/key', /is invalid: write s3:\/\/BUCKET\/KEY/],
    ['s3://', /is invalid/],
    ['s3://bucket', /is invalid/],
    ['s3://bucket/../../etc/passwd', /names no file of the folder/],
    ['s3://../x', /names no file of the folder/],
    ['s3://bucket//etc/passwd', /names no file of the folder/],
    ['s3://bucket/etc/passwd', /names no file of the folder/],
    ['s3://bucket/x\0', /names no file of the folder/],
    ['s3://bucket/none', /cannot be read: there is no such file/],
    ['s3://bucket/dangling', /cannot be read: there is no such file/],
    ['file:///etc/passwd', /names no file of the folder/],
    [`file://${folder}-beside`, /names no file of the folder/],
    [`file://${folder}/../x`, /names no file of the folder/],
  ] as const)
    await t.rejects(list.import(url), { code: 'ValidationException', message }, url);
  const without = await List.make(startResolver());
  await t.rejects(without.import('s3://bucket/x'), { message: /There is no S3 here: .*api\.imports/ });
});

t.test('a list that is being imported is left alone, and one import after another', async (t) => {
  const { list, folder } = await withImports(t);
  const file = join(folder, 'bucket/x');
  writeFileSync(file, 'a.example\n');
  const [first, second] = await Promise.allSettled([
    list.import('s3://bucket/x'),
    list.import('s3://bucket/x'),
  ]);
  t.equal(first.status, 'fulfilled');
  t.match(second, { reason: { code: 'ConflictException', message: /are being imported/ } });
  await t.rejects(list.update('ADD', ['b.example']), { code: 'ConflictException' });
  const named = { FirewallDomainListId: list.id };
  await t.rejects(list.api.call('DeleteFirewallDomainList', named), { code: 'ConflictException' });
  const other = await List.make(list.api, 'other');
  t.match(await other.imported('s3://bucket/x'), { Status: 'COMPLETE' });
  t.match(await list.get(), { Status: 'COMPLETE', DomainCount: 1 }, 'the first was done before');
});

t.test('an import that the end of the program cut off', async (t) => {
  const { list } = await withImports(t);
  const { store } = list.api;
  const { account, sort, body } = store.get<object>('firewall-domain-list', list.id)!;
  const origin = { account, accessKey: '', source: '', operation: '', summary: '' };
  const put = { action: 'put', kind: 'firewall-domain-list', id: list.id, account, sort } as const;
  await store.apply({ origin, items: [{ ...put, body: { ...body, import: 'begun' } }] });
  t.match(await list.get(), { Status: 'COMPLETE_IMPORT_FAILED', StatusMessage: /was cut off/ });
  t.match(await list.update('ADD', ['a.example']), { Status: 'COMPLETE' });
});
