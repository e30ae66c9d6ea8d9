/** A database that accepts connections and never answers becomes a named state within a bound, not a stalled stream. */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { openRelay, type Relay } from '../../../faults/relay.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';
/** Twice the time for an answer (the silent connection, then the probe) plus a quarter, with room for busy cores. */
const BOUND_MS = 10_000;

let pair: DatabasePair | undefined;
let replication: Replication | undefined;
let relays: Record<'source' | 'target', Relay> | undefined;
afterEach(async () => {
  for (const relay of Object.values(relays ?? {})) relay.resume();
  await replication?.drop();
  for (const relay of Object.values(relays ?? {})) await relay.close();
  await pair?.drop();
  pair = undefined;
  replication = undefined;
  relays = undefined;
});

async function prepare(
  answerMs = 1_000,
): Promise<{ stream: Replication; through: Record<'source' | 'target', Relay> }> {
  const ports = { source: inject('postgresPort'), target: inject('holdingPort') };
  pair = await createDatabasePair(ports.target, ports.source);
  await pair.source.query(TABLE);
  await pair.target.query(TABLE);
  relays = { source: await openRelay(ports.source), target: await openRelay(ports.target) };
  const url = (direct: string, relay: Relay) => Object.assign(new URL(direct), { port: relay.port }).href;
  replication = openReplication({
    onFault: failTheRun,
    slice: 'silent',
    tables: parseConfigTables([{ from: 'item', to: 'item' }]),
    sourceUrl: url(pair.sourceUrl, relays.source),
    targetUrl: url(pair.targetUrl, relays.target),
    settings: { heartbeatMs: 50, answerMs, reconnectMinMs: 50, reconnectMaxMs: 200 },
  });
  return { stream: replication, through: relays };
}

const unreachable = { state: 'reconnecting', problem: { code: 'FICUS_DATABASE_UNREACHABLE' } };

test.each(['source', 'target'] as const)('a %s that falls silent, and recovers', async (side) => {
  const { stream, through } = await prepare();
  await stream.start();
  await expect.poll(() => stream.status().state).toBe('streaming');
  through[side].stall();
  const began = Date.now();
  await expect.poll(() => stream.status()).toMatchObject(unreachable);
  expect(Date.now() - began).toBeLessThan(BOUND_MS);
  expect(stream.status().problem?.message).toContain(side);
  await pair?.source.query('INSERT INTO item VALUES (1)');
  through[side].resume();
  const present = async () => (await pair?.target.query('SELECT FROM item'))?.rowCount;
  await expect.poll(present).toBe(1);
});

test.each(['source', 'target'] as const)('a %s that never answers', async (side) => {
  const { stream, through } = await prepare();
  through[side].stall();
  const began = Date.now();
  await stream.start();
  await expect.poll(() => stream.status()).toMatchObject(unreachable);
  expect(Date.now() - began).toBeLessThan(BOUND_MS);
  through[side].resume();
  await expect.poll(() => stream.status().state).toBe('streaming');
});

test('a slow target does not count as unreachable', async () => {
  // Time enough for a busy machine to answer a new connection.
  const { stream } = await prepare(3_000);
  await stream.start();
  await expect.poll(() => stream.status().state).toBe('streaming');
  await pair?.target.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
  await pair?.source.query('INSERT INTO item VALUES (1)');
  const states = new Set<string>();
  const unsubscribe = stream.subscribe((status) => states.add(status.state));
  // Longer than the time for an answer and a probe.
  await expect.poll(() => stream.status().lagMs).toBeGreaterThan(7_000);
  await pair?.target.query('COMMIT');
  const present = async () => (await pair?.target.query('SELECT FROM item'))?.rowCount;
  await expect.poll(present).toBe(1);
  unsubscribe();
  expect([...states]).toEqual(['streaming']);
});
