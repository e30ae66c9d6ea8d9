import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { addConnections, addServing, countBreakers, restingUpstreams } from './upstream-gauges.ts';
import { UpstreamRegistry } from './upstream-registry.ts';

const { legacy: config } = configSchema.parse({ version: 1, legacy: { url: 'http://127.0.0.1:3000' } });

const makeRegistry = () =>
  new UpstreamRegistry({ breakerChanged: () => {}, connectionLost: () => {}, addressChanged: () => {} });

const failure = { kind: 'failed', side: 'upstream', phase: 'connect', cause: 'refused' } as const;

test('upstreams that rest report nothing, however many there are', () => {
  const registry = makeRegistry();
  registry.legacy(config, 0);
  for (let n = 0; n < 100; n += 1) registry.candidate(`s${n}`, config, 0);
  expect(registry.gauges()).toEqual({});
});

test('only an upstream that serves has a breaker to show, and only a candidate one that errors open', () => {
  const series = Object.keys(restingUpstreams(['notes']));
  expect(series.filter((name) => name.startsWith('ficus_breakers'))).toEqual([
    'ficus_breakers_open{upstream="legacy"}',
    'ficus_breakers_open{upstream="notes"}',
    'ficus_breakers_on_errors{upstream="notes"}',
  ]);
  expect(series).toContain('ficus_upstream_pending{upstream="notes/copies"}');
  expect(series).toContain('ficus_upstream_connections{upstream="legacy",state="idle"}');
});

test.each([
  ['failures to connect', { breakersOpen: { notes: 1 }, breakersOnErrors: {} }],
  ['errors', { breakersOpen: { notes: 1 }, breakersOnErrors: { notes: 1 } }],
] as const)('a breaker that %s open is one of the series that rest', (by, expected) => {
  const registry = makeRegistry();
  const { serving } = registry.candidate('notes', config, 0);
  for (let n = 0; n < 1_000; n += 1) {
    if (by === 'errors') serving.noteStatus(500, n);
    else serving.noteOutcome(failure as never, n);
  }
  const gauges = registry.gauges();
  expect(countBreakers(gauges, ['notes', 'orders'])).toEqual(expected);
  expect(Object.keys(restingUpstreams(['notes']))).toEqual(expect.arrayContaining(Object.keys(gauges)));
});

test('an upstream that a reload has replaced adds to the one of the same name', () => {
  const stats = { active: 2, idle: 1, connecting: 0, tunnels: 0, streams: 0, pending: 3, addressesOut: 0 };
  const upstream = { name: 'notes', stats } as never;
  const all: Record<string, number> = {};
  addConnections(all, upstream);
  addServing(all, { upstream, breaker: { state: 'closed' } } as never);
  expect(all).toEqual({
    'ficus_upstream_connections{upstream="notes",state="active"}': 4,
    'ficus_upstream_connections{upstream="notes",state="idle"}': 2,
    'ficus_upstream_pending{upstream="notes"}': 6,
  });
});
