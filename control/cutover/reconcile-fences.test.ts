import type { FenceMode, FenceState } from '@ficus/core';
import { expect, test } from 'vitest';
import type { FencePort } from './ports.ts';
import { decideOther, decideOwner, reconcileFences } from './reconcile-fences.ts';

const state = (text: string): FenceState => {
  const [epoch, mode] = text.split(' ');
  return { epoch: Number(epoch), mode: mode as FenceMode };
};
const show = (turned: FenceState | undefined) => turned && `${turned.epoch} ${turned.mode}`;

test.each([
  ['5 hold', '5 armed', 'of an attempt that ended before the journal'],
  ['6 hold', undefined, 'of one that may be under way elsewhere'],
  ['5 moved', undefined, 'the other side may own the slice by now'],
  ['5 armed', undefined, 'nothing to do'],
  ['5 observe', undefined, 'nothing to do'],
])('the owner’s fence in %s becomes %s: %s', (found, expected, _why) => {
  expect(show(decideOwner(new Set([4, 5]))(state(found)))).toBe(expected);
});

test.each([
  ['3 armed', 3, '3 moved'],
  ['3 hold', 3, '3 moved'],
  ['2 moved', 3, '3 moved'],
  ['3 moved', 3, undefined],
  ['4 armed', 3, undefined],
  ['1 observe', 1, undefined],
  ['1 hold', 1, '1 moved'],
])('the other side’s fence in %s, of a slice in epoch %d, becomes %s', (found, epoch, expected) => {
  expect(show(decideOther(epoch)(state(found)))).toBe(expected);
});

test('what cannot be explained is said, and left as it is', async () => {
  const turned: string[] = [];
  const fence = (found: string): FencePort => ({
    state: async () => state(found),
    install: async () => state(found),
    blockers: async () => [],
    gaps: async () => [],
    turn: async ({ wanted }) => {
      turned.push(show(wanted)!);
      return { turned: true, lsn: '0/1', drainedMs: 0 };
    },
  });
  const fences = { ownedBy: 'candidate', other: fence('2 moved'), epoch: 2, ended: new Set([3]) } as const;
  expect((await reconcileFences({ ...fences, owner: fence('4 hold') }))?.text).toContain('hold of epoch 4');
  expect(turned).toEqual([]);
  expect(await reconcileFences({ ...fences, owner: fence('3 hold') })).toBeUndefined();
  expect(turned).toEqual(['3 armed']);
});

test('after a change of owner, a fence that is gone or has a gap is said; one that was lost is shut again', async () => {
  const turned: string[] = [];
  const fence = (found: string | undefined, ...gaps: string[]): FencePort => ({
    state: async () => (found === undefined ? undefined : state(found)),
    install: async () => state('2 moved'),
    blockers: async () => [],
    gaps: async () => gaps.map((table) => ({ table, why: 'has no trigger' })),
    turn: async ({ wanted }) => {
      turned.push(show(wanted)!);
      return { turned: true, lsn: '0/1', drainedMs: 0 };
    },
  });
  const fences = {
    ownedBy: 'candidate' as const,
    owner: fence('2 armed'),
    epoch: 2,
    ended: new Set<number>(),
  };
  expect((await reconcileFences({ ...fences, other: fence(undefined) }))?.text).toContain(
    'no fence any more',
  );
  expect((await reconcileFences({ ...fences, other: fence('2 moved', 'public.p3') }))?.text).toContain(
    'public.p3 has no trigger',
  );
  expect(await reconcileFences({ ...fences, other: fence('2 moved') })).toBeUndefined();
  expect(turned).toEqual([]);
  // As before the change of owner: from a backup, or a standby that lagged.
  expect(await reconcileFences({ ...fences, other: fence('1 armed') })).toBeUndefined();
  expect(turned).toEqual(['2 moved']);
});

test('fences that agree on a change of owner which the journal does not have are believed, and left as they are', async () => {
  const fence = (found: string): FencePort => ({
    state: async () => state(found),
    install: async () => state(found),
    blockers: async () => [],
    gaps: async () => [],
    turn: async () => {
      throw new Error('turned');
    },
  });
  const lost = { ownedBy: 'legacy', epoch: 1, ended: new Set<number>() } as const;
  const said = async (legacy: string, candidate: string) =>
    await reconcileFences({ ...lost, owner: fence(legacy), other: fence(candidate) });
  const misfit = await said('4 moved', '4 observe');
  expect(misfit?.text).toContain('The fences say that the candidate owns the writes, since epoch 4');
  expect(misfit?.repair).toContain('the database that it had then');
  // One of them alone proves nothing.
  for (const candidate of ['4 moved', '1 armed'])
    expect((await said('4 moved', candidate))?.text).toContain('which no attempt in the journal explains');
});
