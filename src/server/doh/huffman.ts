/**
 * Huffman code of HTTP/2's headers (RFC 7541 section 5.2). The code is canonical, so the lengths of its words (appendix B)
 * say all: words of one length follow each other in the order of their symbols.
 */

/** Octets in the order of their words, by the length of these in bits; of length 30 the last one is the end of a text. */
const WORDS: readonly (readonly [bits: number, ...octets: readonly (number | string)[]])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, 0, '$@[]~'],
  [14, '^}'],
  [15, '<`{'],
  [19, '\\', 195, 208],
  [20, 128, 130, 131, 162, 184, 194, 224, 226],
  [21, 153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230],
  [
    22, 129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189,
    190, 196, 198, 228, 232, 233,
  ],
  [
    23, 1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175,
    180, 182, 183, 188, 191, 197, 231, 239,
  ],
  [24, 9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237],
  [25, 199, 207, 234, 235],
  [26, 192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255],
  [27, 203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
  [
    28, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127,
    220, 249,
  ],
  [30, 10, 13, 22],
];

/*
 * Four bits at a time: words have five and more, so that at most one ends in them. A state is how much of a word is there,
 * an inner node of the tree; 0 is the root.
 *
 *     step    next state u8 · octet u8 · SYMBOL · FAILED · PADDING: a text may end here
 */
const SYMBOL = 0x10000;
const FAILED = 0x20000;
const PADDING = 0x40000;
const STEPS = makeSteps();

/**
 * The text of `octets` from `at` to `end` is written to `out` at `to`. Returns where it ends there; -1 where it is no text in
 * this code, which has to end with less than eight bits of ones, or where `out` is too short.
 */
export function decodeHuffman(
  octets: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  let step = PADDING;
  for (let i = at; i < end; i++) {
    const octet = octets[i]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      step = STEPS[((step & 0xff) << 4) | ((octet >>> shift) & 0x0f)]!;
      if ((step & (SYMBOL | FAILED)) === 0) continue;
      if ((step & FAILED) !== 0 || to === out.length) return -1;
      out[to++] = step >>> 8;
    }
  }
  return (step & PADDING) === 0 ? -1 : to;
}

function makeSteps(): Uint32Array {
  const tree: Node = [undefined, undefined];
  let word = 0;
  let length = 0;
  for (const [bits, ...octets] of WORDS)
    for (const octet of octets.flatMap((each) =>
      typeof each === 'string' ? [...Buffer.from(each)] : [each],
    )) {
      word <<= bits - length;
      length = bits;
      plant(tree, word++, bits, octet);
    }
  // Inner nodes, the root first.
  const nodes: Node[] = [tree];
  for (const node of nodes) for (const branch of node) if (Array.isArray(branch)) nodes.push(branch);
  // Where a run of ones from the root has come to: padding, as long as it has less than eight.
  const padding = new Set<Node>();
  let ones: Branch = tree;
  for (let bits = 0; bits < 8 && Array.isArray(ones); bits++) {
    padding.add(ones);
    ones = ones[1];
  }
  const steps = new Uint32Array(nodes.length << 4);
  for (const [state, node] of nodes.entries())
    for (let bits = 0; bits < 16; bits++) {
      let at: Branch = node;
      let step = 0;
      for (let bit = 3; bit >= 0 && Array.isArray(at); bit--) {
        at = at[((bits >>> bit) & 1) as 0 | 1];
        if (typeof at !== 'number') continue;
        step |= SYMBOL | (at << 8);
        at = tree;
      }
      if (!Array.isArray(at)) step = FAILED;
      else step |= nodes.indexOf(at) | (padding.has(at) ? PADDING : 0);
      steps[(state << 4) | bits] = step;
    }
  return steps;
}

/** Undefined: the end of a text, which nobody may write out (RFC 7541 section 5.2). */
type Branch = Node | number | undefined;
type Node = [Branch, Branch];

function plant(tree: Node, word: number, bits: number, octet: number): void {
  let node = tree;
  for (let bit = bits - 1; bit > 0; bit--) {
    const side = ((word >>> bit) & 1) as 0 | 1;
    node[side] ??= [undefined, undefined];
    node = node[side] as Node;
  }
  node[(word & 1) as 0 | 1] = octet;
}
