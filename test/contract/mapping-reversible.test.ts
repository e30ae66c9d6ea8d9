/** The sample's mapping is completely reversible. */
import { describe, expect, it } from 'vitest';
import { readSlice } from './fill-through-mapping.ts';

describe('mapping of the notifications service', () => {
  it('restores every column that it reads', () => {
    for (const { from, columns } of readSlice().tables) {
      const read = new Set<string>();
      const restored = new Set<string>();
      for (const source of Object.values(columns)) {
        if (typeof source === 'string') {
          read.add(source);
          restored.add(source);
        } else if ('sql' in source) {
          for (const name of source.from) read.add(name);
          for (const name of Object.keys(source.reverse ?? {})) restored.add(name);
        }
      }
      expect(
        [...read].filter((name) => !restored.has(name)),
        from,
      ).toEqual([]);
    }
  });
});
