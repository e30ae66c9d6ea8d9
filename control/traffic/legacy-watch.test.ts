import type { ProxyReport } from '@ficus/core';
import { expect, it } from 'vitest';
import { LegacyWatch } from './legacy-watch.ts';

const report = (proxyId: string, legacy?: boolean): ProxyReport => ({
  ...{ proxyId, workers: 2, epochs: {}, traffic: [], droppedCopies: [] },
  failingChecks: legacy === undefined ? undefined : { legacy, candidates: [] },
});

it('counts the proxies whose checks fail, until they pass or the proxy falls silent', () => {
  const watch = new LegacyWatch();
  expect(watch.failingChecks(0)).toBe(0);
  watch.takeReport(report('p1', true), 0);
  watch.takeReport(report('p2', true), 1000);
  watch.takeReport(report('p3', false), 1000);
  expect(watch.failingChecks(1000)).toBe(2);
  watch.takeReport(report('p2'), 2000);
  expect(watch.failingChecks(15_000)).toBe(1);
  expect(watch.failingChecks(15_001)).toBe(0);
});
