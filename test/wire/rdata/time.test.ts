import t from 'tap';
import { durationFromText, timestampFromText, timestampToText } from '../../../src/wire/rdata/time.ts';

t.test('every day from 1970 to 2106 as Date has it', async (t) => {
  let wrong = 0;
  for (let day = 0; day <= 49710; day++) {
    const seconds = day * 86400 + (day % 24) * 3600 + (day % 60) * 60 + (day % 59);
    if (seconds > 0xffffffff) break;
    const expected = new Date(seconds * 1000).toISOString().replace(/[-T:]|\..*/g, '');
    if (timestampToText(seconds) !== expected || timestampFromText(expected) !== seconds) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('edges of timestamps', async (t) => {
  t.equal(timestampToText(0), '19700101000000');
  t.equal(timestampToText(0xffffffff), '21060207062815');
  t.equal(timestampFromText('20240229235959'), 1709251199);
  const wrong = ['21060207062816', '19691231235959', '20230229000000', '21000229000000', '20240431000000'];
  wrong.push(
    '20241301000000',
    '20240001000000',
    '20240100000000',
    '20240101240000',
    '20240101006000',
    '20240101000060',
  );
  wrong.push('99991231235959', '2024010100000', '202401010000000', '2024-101000000', '');
  for (const text of wrong) t.equal(timestampFromText(text), undefined, text);
});

t.test('durations', async (t) => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['3600', 3600],
    ['1h30m', 5400],
    ['1W2D3H4M5S', 788645],
    ['90m', 5400],
    ['1h1h', 7200],
    ['4294967295', 4294967295],
    ['4294967296', undefined],
    ['7102w', undefined],
    ['', undefined],
    ['h', undefined],
    ['1h30', undefined],
    ['1 h', undefined],
    ['-1', undefined],
    ['1.5h', undefined],
    ['1y', undefined],
  ];
  for (const [text, seconds] of cases) t.equal(durationFromText(text), seconds, text);
});
