import { configSchema, type FicusConfig } from '@ficus/core';
import { expect, test } from 'vitest';
import { IdentityNotes } from '../identify/identity-notes.ts';
import { KeptIdentity } from '../identify/kept-identity.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';

const configWith = (legacy: string): FicusConfig =>
  configSchema.parse({
    version: 1,
    proxy: { listen: '127.0.0.1:0' },
    flags: { provider: 'file', file: 'flags.json' },
    legacy: { url: legacy },
    slices: {},
  });

function makeKeeper() {
  const retired: number[] = [];
  const keeper = new SnapshotKeeper(configWith('http://127.0.0.1:3000'), 1, {
    identity: new KeptIdentity(
      new IdentityNotes(
        () => {},
        () => {},
      ),
    ),
    clock: () => 0,
    mirrorHooks: () => ({ dropped: () => {}, copied: () => {}, observe: () => {} }),
    upstreamHooks: { breakerChanged: () => {}, connectionLost: () => {}, addressChanged: () => {} },
    onRetire: ({ generation }) => retired.push(generation),
  });
  return { keeper, retired };
}

test('a snapshot that no request holds is retired when it is replaced', () => {
  const { keeper, retired } = makeKeeper();
  keeper.begin();
  keeper.finished(keeper.current);
  keeper.replace(configWith('http://127.0.0.1:3001'), 2);
  expect(retired).toEqual([1]);
  expect(keeper.all().map(({ generation }) => generation)).toEqual([2]);
});

test('requests keep the snapshot that they began with until the last of them is over', () => {
  const { keeper, retired } = makeKeeper();
  const first = keeper.current;
  keeper.begin();
  keeper.begin();
  keeper.replace(configWith('http://127.0.0.1:3001'), 2);
  keeper.begin();
  expect(keeper.inProgress).toBe(3);
  keeper.finished(first);
  expect(keeper.inProgress).toBe(2);
  expect(retired).toEqual([]);
  expect(keeper.all().map(({ generation }) => generation)).toEqual([1, 2]);
  keeper.finished(first);
  expect(retired).toEqual([1]);
  keeper.finished(keeper.current);
  expect(retired).toEqual([1]);
});

test('an upstream with an unchanged config is kept', () => {
  const { keeper } = makeKeeper();
  const { legacy } = keeper.current;
  keeper.replace(configWith('http://127.0.0.1:3000'), 2);
  expect(keeper.current.legacy).toBe(legacy);
  keeper.replace(configWith('http://127.0.0.1:3001'), 3);
  expect(keeper.current.legacy).not.toBe(legacy);
});
