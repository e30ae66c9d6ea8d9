import { describe, expect, test } from 'vitest';
import { KINDS, type Mix, STRIDE, WEIGHTS } from './mix.ts';

describe.each<Mix>(['everyday', 'writing'])('%s', (mix) => {
  const sum = KINDS.reduce((total, kind) => total + WEIGHTS[mix][kind], 0);

  test('every action is drawn, as its weight says: the stride visits all places', () => {
    const places = Array.from({ length: sum }, (_, draw) => (draw * STRIDE) % sum);
    expect(new Set(places).size).toBe(sum);
    expect(Object.values(WEIGHTS[mix]).every((weight) => weight > 0)).toBe(true);
  });
});
