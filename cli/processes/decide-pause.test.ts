import { expect, test } from 'vitest';
import { decidePause } from './decide-pause.ts';

test.each([
  ['a long life', 3, { listened: true, livedMs: 60_000 }, { shortLives: 0, pauseMs: 0 }],
  ['the first short life', 0, { listened: true, livedMs: 100 }, { shortLives: 1, pauseMs: 0 }],
  ['the second', 1, { listened: true, livedMs: 100 }, { shortLives: 2, pauseMs: 250 }],
  ['the third', 2, { listened: true, livedMs: 100 }, { shortLives: 3, pauseMs: 500 }],
  ['the twentieth', 19, { listened: true, livedMs: 100 }, { shortLives: 20, pauseMs: 5_000 }],
  [
    'a long life that never listened',
    1,
    { listened: false, livedMs: 60_000 },
    { shortLives: 2, pauseMs: 250 },
  ],
])('after %s', (_, before, life, pause) => {
  expect(decidePause(before, life)).toEqual(pause);
});
