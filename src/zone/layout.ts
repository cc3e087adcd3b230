/**
 * The zone image: a whole zone in one shared buffer that is never written again. Workers get it by reference;
 * loading a new version is posting another buffer.
 *
 *   words of 32 bits, native order                                   octets
 *   +-----------+-------------+--------------+------------+----------------------+---------------------------+
 *   | header 12 | nodes 4 × n | rrsets 3 × r | routing    | name table           | [length u16][octets] …    |
 *   +-----------+-------------+--------------+------------+----------------------+---------------------------+
 *   header  magic · octets in all · n · r · records · offset of the name table · offset of the rdata
 *           · offset of the routing table (routing/table.ts) · number of the image · 0 …
 *   node    parent · wildcard child · first RRset · flags, and the number of RRsets << 8
 *   rrset   type, and the number of records << 16 · TTL · offset of its first rdata among the rdata
 *
 * Nodes are numbered as their names are in the name table: node 0 is the apex, a parent comes before its
 * children, and empty non-terminals are nodes without RRsets. So "the name exists" is "there is a node".
 * An RRset of no records stands for a group of record sets: its last word is the number of the group. What the
 * sets of groups lead to are RRsets behind those of all nodes. The image has a random number, by which answers
 * that name one of its groups or RRsets know it.
 * The RRsets of a node lie together in ascending order of type. Lengths of rdata are in network byte order.
 */
export const ZONE_MAGIC = 0x435a4e32;
export const HEADER_WORDS = 12;
export const HEADER = {
  MAGIC: 0,
  OCTETS: 1,
  NODES: 2,
  RRSETS: 3,
  RECORDS: 4,
  NAMES: 5,
  RDATA: 6,
  ROUTING: 7,
  NUMBER: 8,
} as const;

export const NODE_WORDS = 4;
export const NODE = { PARENT: 0, WILDCARD: 1, RRSETS: 2, FLAGS: 3 } as const;
export const RRSETS_SHIFT = 8;

export const RRSET_WORDS = 3;
export const RRSET = { TYPE: 0, TTL: 1, RDATA: 2 } as const;
export const COUNT_SHIFT = 16;

/** No node: the parent of the apex, the wildcard child of a node without one. */
export const NONE = 0xffffffff;
/** The apex. */
export const APEX = 0;

export const FLAG = {
  /** NS below the apex: the name and all below it belong to another zone (RFC 1034 section 4.2). */
  CUT: 1,
  DNAME: 2,
  CNAME: 4,
  BELOW_CUT: 8,
  BELOW_DNAME: 16,
} as const;

/** No authoritative data: the node is answered for by a cut or a DNAME above it. */
export const OCCLUDED = FLAG.BELOW_CUT | FLAG.BELOW_DNAME;
