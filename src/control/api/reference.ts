import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COOKBOOK } from './cookbook.ts';
import { models, SERVICES, type ServiceName } from './model.ts';
import { type Known, OPERATIONS } from './operations.ts';
import { type State, stateOf } from './states.ts';

const TITLES: Readonly<Record<ServiceName, string>> = {
  route53: 'Route 53',
  route53resolver: 'Route 53 Resolver',
  route53profiles: 'Route 53 Profiles',
};

const INTRODUCTION = `# The APIs

This page is made from the code by \`npm run docs\`.

AWS's own clients drive Causeway: the APIs of Route 53 (2013-04-01), Route 53 Resolver (2018-04-01) and Route 53
Profiles (2018-05-10) are at one address, which \`api.listen\` of the [configuration](configuration.md) opens. Members,
limits, errors and their texts are those of AWS.

\`\`\`sh
causeway keys create --scope admin --json          # accessKeyId and secretAccessKey, shown this once
export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... AWS_DEFAULT_REGION=us-east-1
export AWS_ENDPOINT_URL=http://127.0.0.1:8053      # older clients: --endpoint-url, endpoint_url=
aws route53 list-hosted-zones
\`\`\`

## HTTPS

\`api.tls\` has the same address speak HTTPS, by TLS 1.2 or 1.3, in the place of HTTP:

\`\`\`yaml
api:
  listen: 10.20.0.53:8053
  tls: { certificate: /etc/causeway/api.crt, key: /etc/causeway/api.key }
\`\`\`

Its name or address stands in the certificate, and clients know who signed that: \`AWS_CA_BUNDLE=/etc/causeway/ca.crt\`
for \`aws\`, boto3 and Terraform, \`NODE_EXTRA_CA_CERTS\` for Node.js. Files that are replaced are
read again by themselves: new connections get the new certificate, open ones stay. While the two do not go together, what
was in force stays, and the log says so; a reload is refused then. The log says until when the certificate is valid.

## Access keys

A key belongs to an account and has a scope, in which it may do what IAM would have to allow at AWS:

| Scope | What it may do |
|---|---|
| \`read\` | Operations that change nothing. |
| \`zones\` | Change and list the record sets of the zones that \`--zone\` names, and what clients do besides: list zones, follow changes. |
| \`admin\` | Everything. |

\`causeway keys create\`, \`list\` and \`delete\` hold from the next request on, whether the daemon runs or not. Keys are in
\`STATE/access-keys.json\`, of mode 0600 in a folder of mode 0700: checking a signature takes the secret itself, so it
cannot be hashed. Whoever reads that file, or a copy of it in a back-up, can sign; a file that others may read is
refused, and so is one that is not right, while the keys that were known stay. A key whose account is taken out of the
configuration is no key.

## Requests

- Requests are signed with Signature Version 4 in headers; signatures in the query and temporary credentials are
  refused. The service of the credential scope has to be right, the region may be any. \`host\` and every \`x-amz-\` header
  have to be signed, and the clock may be five minutes off.
- Two equal signed requests that change something are one: the second gets what the first was answered, while its
  signature holds. Clients that try again sign again.
- A body has at most 1 MB. XML with a declaration, comment or CDATA section (\`<!\`) is refused; elements may stand in any
  order, with the namespace or without, and unknown ones are refused. Unknown members of JSON are ignored.
- Requests of an account over \`api.rateLimit\` get \`Throttling\`.
- Quotas are those that an account of AWS begins with; \`accounts[].quotas\` of the
  [configuration](configuration.md#accounts) says others, from the next reload on. \`GetAccountLimit\` and
  \`GetHostedZoneLimit\` show them. Nothing that is there is taken away by a lower one.
- Responses have the HTTP status of AWS and \`x-amzn-RequestId\`.
- An operation that is not served answers \`InvalidAction\` (Route 53) or \`UnknownOperationException\`.
`;

const SHARING = `## Sharing

There is no Resource Access Manager here: what one account lets another do with a rule, a rule group or a query log
configuration of its own is the policy of that resource (\`PutResolverRulePolicy\` and its likes), and holds at once. A
statement is \`Allow\`, names accounts, operations without wildcards, and the ARN of the resource. A policy with no
statement takes the one that is there away. What an account has associated with its VPCs and may not associate any more
is disassociated.
`;

const PROFILES = `## Profiles

A Profile holds private hosted zones, Resolver rules, rule groups (\`ResourceProperties\` \`{"priority":101}\`) and query
log configurations, and brings them to the VPCs that it is associated with; a VPC has one Profile. Over what a VPC has of
its own and what its Profile brings, the most specific name decides; at the same name the VPC's own does. Interface VPC
endpoints are machines of AWS and are refused. A resource that is deleted stays in the Profile as \`FAILED\` until it is
disassociated.
`;

const FIREWALL = `## DNS Firewall

Rules are by lists of domains. There are no detectors here: what DNS Firewall Advanced and partners decide by
(\`DnsThreatProtection\`, \`ConfidenceThreshold\`, \`FirewallRuleType\`, \`FirewallThreatProtectionId\`) answers
\`ValidationException\`, \`ListFirewallRuleTypes\` is empty, and there are no lists that AWS manages. Lists, groups and
associations of the configuration are shown, and changed there only; rules may name its lists.

\`ImportFirewallDomains\` reads a file of the folder that \`api.imports\` names: \`s3://BUCKET/KEY\` is \`BUCKET/KEY\` in
it. The list is \`IMPORTING\`, then \`COMPLETE\`, or \`COMPLETE_IMPORT_FAILED\` with the line that is wrong in
\`StatusMessage\`, and as it was before. An account has at most 1,000 lists with 1,000,000 domains in all, a VPC 5
groups, a group 100 rules.

\`\`\`sh
aws route53resolver create-firewall-domain-list --creator-request-id 1 --name ads
aws route53resolver update-firewall-domains --firewall-domain-list-id rslvr-fdl-... --operation ADD \\
  --domains ads.example '*.ads.example'
aws route53resolver create-firewall-rule-group --creator-request-id 1 --name office
aws route53resolver create-firewall-rule --creator-request-id 1 --name ads --firewall-rule-group-id rslvr-frg-... \\
  --firewall-domain-list-id rslvr-fdl-... --priority 100 --action BLOCK --block-response NXDOMAIN
aws route53resolver associate-firewall-rule-group --creator-request-id 1 --name office --vpc-id vpc-corp \\
  --firewall-rule-group-id rslvr-frg-... --priority 101
\`\`\`
`;

const DNSSEC = `## DNSSEC

Hosted zones are not signed yet. Their key-signing keys are made, activated, deactivated and deleted by the rules of AWS,
and \`GetDNSSEC\` shows them with the DS record for the parent; \`EnableHostedZoneDNSSEC\` then answers \`InvalidArgument\`,
the zone stays \`NOT_SIGNING\`, and no DNSKEY is served. Do not give the DS record to the parent before: validating
resolvers would take the zone for forged.

\`\`\`sh
aws route53 create-key-signing-key --hosted-zone-id Z... --name ksk_1 --caller-reference 1 --status ACTIVE \\
  --key-management-service-arn arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-0000-4000-8000-000000000001
aws route53 get-dnssec --hosted-zone-id Z...
\`\`\`

There is no KMS: the ARN is that of a key in us-east-1 by its form, and is shown again. Each key-signing key has a pair of
keys of its own, also where another one was made with the same ARN before. The private half is in the store
([its file](operations.md#files) and back-ups of it), and no operation or command shows it.
`;

const ENDPOINTS = `## Resolver endpoints

\`Protocols\` of an \`INBOUND\` endpoint are Do53, DoH or both; of an \`OUTBOUND\` one likewise, for the targets of its
rules; \`INBOUND_DELEGATION\` has Do53 only. DoH-FIPS is answered with \`InvalidRequestException\`, as no cryptography here is
validated by FIPS 140. An inbound endpoint gets from Do53 to DoH by way of both. Where it listens, and with which
certificate, \`endpoints.api\` of the configuration says ([operations.md](operations.md#inbound-endpoints-of-the-api)).
DNS over TLS, which Route 53 does not have, is for endpoints of the configuration; these are shown with what of their
protocols Route 53 has.
`;

/** The text of docs/api.md. */
export function apiReferenceText(): string {
  return [
    INTRODUCTION,
    SHARING,
    PROFILES,
    COOKBOOK,
    ENDPOINTS,
    FIREWALL,
    DNSSEC,
    '## Operations\n',
    countText(),
    ...SERVICES.map(serviceText),
  ].join('\n');
}

function countText(): string {
  const rows = SERVICES.map((service) => {
    const states = operationsOf(service).map((operation) => stateOf(operation).state);
    const count = (state: string): number => states.filter((each) => each === state).length;
    return `| ${TITLES[service]} | ${states.length} | ${count('served')} | ${count('refused')} | ${count('not yet')} |`;
  });
  return ['| API | Operations | Served | Refused | Not yet |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function serviceText(service: ServiceName): string {
  const rows = operationsOf(service).map((operation) => {
    const state = stateOf(operation);
    return `| \`${operation.name}\` | \`${requestOf(operation)}\` | ${stateText(state)} |`;
  });
  const head = '| Operation | Request | State |\n|---|---|---|';
  return `### ${TITLES[service]}\n\n${[head, ...rows].join('\n')}\n`;
}

function stateText(state: State): string {
  const why = state.state === 'refused' ? state.why : state.state === 'served' ? state.but : undefined;
  return why === undefined ? state.state : `${state.state}: ${why}`;
}

function operationsOf(service: ServiceName): Known[] {
  return OPERATIONS.filter((operation) => operation.service === service);
}

function requestOf({ service, name, method, path }: Known): string {
  const { targetPrefix } = models[service];
  return targetPrefix === undefined ? `${method} ${path}` : `${targetPrefix}.${name}`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../../../docs/api.md'), apiReferenceText());
