import { expect, test } from 'vitest';
import { showProgress } from './show-progress.ts';

function terminal(columns: number | undefined) {
  const written: string[] = [];
  const stream = { isTTY: true, columns, write: (text: string) => written.push(text) };
  return { written, stream: stream as unknown as NodeJS.WriteStream };
}

const CLEARED = '\r\u001b[2K';
const TEXT = '1,234,567 of about 5,000,000 rows, 40,000 a second, 2 min left';

test.each([20, 40, 79])(
  'a line fits into %s columns: a longer one would leave a row behind each time',
  (columns) => {
    const { written, stream } = terminal(columns);
    const progress = showProgress('copy notifications', stream);
    progress.update(TEXT, 0.25);
    const line = written.join('').replace(CLEARED, '');
    expect(line.length).toBeLessThan(columns);
    expect(line).toMatch(/^copy notif/);
    progress.end();
  },
);

test('a drawn line is cleared once, and nothing is written when none was drawn', () => {
  const { written, stream } = terminal(undefined);
  const progress = showProgress('copy notifications', stream);
  progress.end();
  expect(written).toEqual([]);
  progress.update(TEXT, 0.25);
  progress.end();
  progress.end();
  expect(written.slice(1)).toEqual([CLEARED]);
});

test('without a terminal short work leaves no line, and long work one every ten seconds', () => {
  const written: string[] = [];
  const stream = {
    isTTY: false,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream;
  let now = 5_000;
  const progress = showProgress('verify visits', stream, () => now);
  for (const at of [5_100, 14_900, 15_000, 16_000, 24_999, 25_500]) {
    now = at;
    progress.update(`${at} rows`);
  }
  progress.end();
  expect(written).toEqual(['verify visits: 15000 rows\n', 'verify visits: 25500 rows\n']);
});
