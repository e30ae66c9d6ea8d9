import { expect, test } from 'vitest';
import { failedTwice } from './failed-twice.ts';

const reason = 'Another process listens on 127.0.0.1:8081 (control.listen).';

test.each([
  ['the first failure: it may pass', JSON.stringify({ reason, pauseMs: 0 }), undefined],
  ['the second in a row', JSON.stringify({ reason, pauseMs: 250 }), reason],
  ['one without words', JSON.stringify({ signal: 'SIGKILL', pauseMs: 250 }), undefined],
  ['half a line', '{"pauseMs":250', undefined],
  ['another line', JSON.stringify({ msg: 'ready', reason }), undefined],
])('%s', (_, line, words) => {
  expect(failedTwice(line)).toBe(words);
});
