/** The sample's mapping can be reversed throughout. */
import { describe, expect, it } from 'vitest';
import { readSlice } from './fill-through-mapping.ts';

describe('mapping of the notifications service', () => {
  it('leads every column that it reads back to where it came from', () => {
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
