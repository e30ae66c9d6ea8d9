import { configSchema } from '@ficus/core';
import { expect, test, vi } from 'vitest';
import { UpstreamRegistry } from './upstream-registry.ts';

const { legacy: config } = configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' } });

const makeRegistry = () =>
  new UpstreamRegistry({ breakerChanged: () => {}, connectionLost: () => {}, addressChanged: () => {} });

test('slices of any name and equal config share no upstream and no series, among themselves or with the legacy', () => {
  const registry = makeRegistry();
  const pairs = [
    registry.legacy(config, 0),
    ...['legacy', 'legacy-copies', 'notes', 'notes-copies'].map((slice) =>
      registry.candidate(slice, config, 0),
    ),
  ];
  const upstreams = pairs.flatMap(({ serving, copies }) => [serving.upstream, copies]);
  expect(new Set(upstreams).size).toBe(10);
  expect(new Set(upstreams.map(({ name }) => name)).size).toBe(10);
  expect(pairs.map(({ serving }) => serving.side)).toEqual(['legacy', ...Array(4).fill('candidate')]);
});

test.each([
  [undefined, 256],
  [1_000, 256],
  [4, 4],
])('copies take a bounded number of connections, whatever clients may take: %s', (connections, most) => {
  const pool = { ...config.pool, connections };
  const { serving, copies } = makeRegistry().legacy({ ...config, pool }, 0);
  expect(serving.upstream.config.pool.connections).toBe(connections);
  expect(copies.config.pool.connections).toBe(most);
});

test('copies are kept and closed together with the upstream that serves', () => {
  const registry = makeRegistry();
  const kept = registry.candidate('notes', config, 0);
  const dropped = registry.candidate('orders', config, 0);
  const drains = [kept, dropped].flatMap(({ serving, copies }) => [
    vi.spyOn(serving.upstream, 'drain'),
    vi.spyOn(copies, 'drain'),
  ]);
  registry.keepOnly(new Set([kept.serving]));
  expect(drains.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 1, 1]);
  expect(registry.candidate('notes', config, 0)).toBe(kept);
});

test('clients read the slice’s name, and not the series’', () => {
  const { serving } = makeRegistry().candidate('legacy', config, 0);
  expect(serving.breakerOpenAnswer.detail).toBe(
    'The candidate of legacy is unhealthy; its circuit breaker is open.',
  );
});
