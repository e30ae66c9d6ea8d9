import { expect, test } from 'vitest';
import { deriveStage } from './stage.ts';

test.each([
  [0, 0, 'legacy', false, 'legacy'],
  [0, 100, 'legacy', false, 'shadow'],
  [25, 100, 'legacy', false, 'canary'],
  [100, 0, 'legacy', false, 'live'],
  [100, 0, 'candidate', false, 'cutover'],
  [100, 0, 'candidate', true, 'retired'],
] as const)(
  'serve %d, shadow %d, owner %s, retired %s: %s',
  (servePercent, shadowPercent, owner, retired, stage) => {
    expect(deriveStage({ servePercent, shadowPercent, owner, retired })).toBe(stage);
  },
);
