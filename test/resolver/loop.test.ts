import t from 'tap';
import {
  isOwnToken,
  LOOP_OPTION,
  LOOP_TOKENS_MAX,
  readTokens,
  setOwnToken,
  tokenOption,
} from '../../src/resolver/loop.ts';

const A = new Uint8Array([1, 1, 1, 1, 1, 1, 1, 1]);
const B = new Uint8Array([2, 2, 2, 2, 2, 2, 2, 2]);

function edns(data: Uint8Array) {
  return { payload: 1232, version: 0, dnssecOk: false, options: [{ code: LOOP_OPTION, data }] };
}

t.test('tokens travel on in order, the sender’s last', async (t) => {
  const first = tokenOption([], A);
  const second = tokenOption(readTokens(edns(first.data)) as Uint8Array[], B);
  t.same(readTokens(edns(second.data)), [A, B]);
  t.ok(second.code >= 65_001 && second.code <= 65_534, 'an option code for local use');
});

t.test('one’s own token is known, others are not, and before there is one none is', async (t) => {
  t.notOk(isOwnToken(new Uint8Array(0)));
  setOwnToken(A);
  t.ok(isOwnToken(A.slice()));
  t.notOk(isOwnToken(B));
  t.notOk(isOwnToken(A.subarray(0, 7)));
});

t.test('what is no list of tokens is not ours; a long list is a loop', async (t) => {
  t.same(readTokens(undefined), []);
  t.same(readTokens(edns(new Uint8Array(7))), []);
  t.same(readTokens(edns(new Uint8Array(0))), []);
  t.equal((readTokens(edns(new Uint8Array(8 * LOOP_TOKENS_MAX))) as Uint8Array[]).length, LOOP_TOKENS_MAX);
  t.equal(readTokens(edns(new Uint8Array(8 * LOOP_TOKENS_MAX + 8))), 'loop');
});
