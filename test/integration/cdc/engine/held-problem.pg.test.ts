/** What stands in the way of the stream is said without a gap, until a change has passed: also while the stream tries again. */
import type { ReplicationStatus } from '@ficus/core';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE guest (id int PRIMARY KEY)';
/** As PostgreSQL says it of a table on a full disk. */
const FULL = `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
  CREATE TRIGGER fill BEFORE INSERT ON guest FOR EACH ROW EXECUTE FUNCTION fill();
  ALTER TABLE guest ENABLE ALWAYS TRIGGER fill`;

test('a full disk', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'guest', to: 'guest' }],
    options: { settings: { reconnectMinMs: 50, reconnectMaxMs: 50 } },
  });
  const { replication, source, target, settle } = pair;
  await settle();
  await target.query(FULL);
  const seen: ReplicationStatus[] = [];
  replication.subscribe((status) => seen.push(status));
  await source.query('INSERT INTO guest VALUES (1)');
  const isFull = ({ problem }: ReplicationStatus) => problem?.message.includes('No space left') === true;
  await expect.poll(() => seen.some(isFull)).toBe(true);
  const since = seen.findIndex(isFull);
  // Several sessions have begun and failed meanwhile.
  await expect.poll(() => seen.length - since).toBeGreaterThan(20);
  const told = seen.slice(since).map((status) => `${status.state} ${isFull(status)}`);
  expect(new Set(told)).toEqual(new Set(['reconnecting true']));
  await target.query('DROP TRIGGER fill ON guest');
  await settle();
  await expect.poll(() => replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
});
