import * as z from 'zod';
import { domain, ID_RANGE, id, setting } from './setting.ts';

/** More than fit into a referral with their addresses are of no use. */
const NAME_SERVERS_MAX = 13;

/** The name servers that public zones are delegated to. */
export const delegationSetSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the delegation set, by which zones and endpoints name it.',
    range: ID_RANGE,
    example: 'set-1',
  }),
  nameServers: z
    .array(
      setting(domain(), {
        description:
          'Names of the name servers; Route 53 has four. They stand in the parent zone as the NS of each zone of the set, and lead to an authoritative endpoint of this node.',
        range: `1 to ${NAME_SERVERS_MAX} domain names, the primary first`,
        example: 'ns1.dns.example.net.',
      }),
    )
    .min(1)
    .max(NAME_SERVERS_MAX),
});

export const delegationSetsExample = `delegationSets:
  - { id: set-1, nameServers: [ns1.dns.example.net., ns2.dns.example.net.] }
`;
