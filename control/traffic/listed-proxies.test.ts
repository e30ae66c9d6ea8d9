import type { ProxyReport } from '@ficus/core';
import { expect, test } from 'vitest';
import { ListedProxies, MOST_PROXIES } from './listed-proxies.ts';

const from = (proxyId: string): ProxyReport => ({
  ...{ proxyId, workers: 1, epochs: {}, traffic: [], droppedCopies: [] },
});
const by = (owner?: string) => ({ address: '10.0.0.2', owner });
const idsOf = (listed: ListedProxies, now: number) => listed.views(now).map(({ proxyId }) => proxyId);

/** A list whose places are taken by made-up proxies of this owner. */
function crowd(owner: string | undefined): ListedProxies {
  const listed = new ListedProxies();
  listed.take(by(owner), from('real'), 0);
  for (let at = 1; at < MOST_PROXIES; at += 1)
    expect(listed.take(by(owner), from(`made-up-${at}`), 0)).toBe(true);
  return listed;
}

test('a proxy that is alive keeps its place, and a newer name gets none', () => {
  const listed = crowd('edge');
  for (let second = 1; second <= 90; second += 1) {
    expect(listed.take(by('edge'), from('real'), second * 1_000)).toBe(true);
    if (second < 60) expect(listed.take(by('edge'), from('newer'), second * 1_000)).toBe(false);
  }
  expect(idsOf(listed, 90_000)).toEqual(['real']);
});

test('the proxies of another token have places of their own', () => {
  const listed = crowd('edge');
  expect(listed.take(by('other'), from('newer'), 1)).toBe(true);
  expect(listed.views(1)).toHaveLength(MOST_PROXIES + 1);
});

test('a place is free a minute after the last report', () => {
  const listed = crowd(undefined);
  expect(listed.take(by(), from('newer'), 60_000)).toBe(false);
  expect(listed.take(by(), from('newer'), 60_001)).toBe(true);
  expect(idsOf(listed, 60_001)).toEqual(['newer']);
});

test('forgets proxies that went silent', () => {
  const listed = new ListedProxies();
  listed.take(by(), from('p'), 0);
  expect(idsOf(listed, 59_000)).toEqual(['p']);
  expect(idsOf(listed, 61_000)).toEqual([]);
});
