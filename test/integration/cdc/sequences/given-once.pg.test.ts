/**
 * The promise of the sequences: what the old owner has given, from its caches as well, the new owner never gives. Sessions
 * with caches draw on both sides, before, while and after the sequences are set ahead.
 */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createSequencePair, type SequencePair } from './sequence-pair.ts';

const SESSIONS = 3;
let pair: SequencePair;
const sessions: Record<'old' | 'fresh', pg.Client[]> = { old: [], fresh: [] };

beforeAll(async () => {
  const table = "CREATE SEQUENCE ids; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT nextval('ids'))";
  pair = await createSequencePair(inject('postgresPort'), table, table, [{ from: 'item', to: 'item' }]);
  for (const [side, url] of [
    ['old', pair.sourceUrl],
    ['fresh', pair.targetUrl],
  ] as const)
    for (let at = 0; at < SESSIONS; at++) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      sessions[side].push(client);
    }
});
afterAll(async () => {
  await Promise.all([...sessions.old, ...sessions.fresh].map((client) => client.end()));
  await pair.drop();
});

async function draw(side: 'old' | 'fresh', counts: readonly number[]): Promise<bigint[]> {
  const drawn = counts.map(async (count, at) => {
    const values: bigint[] = [];
    for (let left = count; left > 0; left -= 10) {
      const { rows } = await sessions[side][at]!.query<{ id: string }>(
        `SELECT nextval('ids') AS id FROM generate_series(1, ${Math.min(left, 10)})`,
      );
      values.push(...rows.map(({ id }) => BigInt(id)));
    }
    return values;
  });
  return (await Promise.all(drawn)).flat();
}

const counts = (most: number) =>
  fc.array(fc.integer({ min: 0, max: most }), { minLength: SESSIONS, maxLength: SESSIONS });
const parameters = fc.record({
  increment: fc.constantFrom(1, 2, 7),
  cache: fc.constantFrom(1, 5, 32),
  start: fc.integer({ min: 1, max: 500 }),
});

test('no key is given twice', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      parameters,
      parameters,
      fc.constantFrom(1, -1),
      counts(60),
      counts(60),
      counts(80),
      counts(300),
      counts(150),
      async (old, fresh, sign, before, early, meanwhile, later, refused) => {
        for (const [client, { increment, cache, start }] of [
          [pair.source, old],
          [pair.target, fresh],
        ] as const)
          await client.query(`DROP SEQUENCE ids CASCADE; CREATE SEQUENCE ids INCREMENT ${sign * increment} START ${sign * start}
            ${sign > 0 ? '' : 'MAXVALUE -1'} CACHE ${cache}; ALTER TABLE item ALTER id SET DEFAULT nextval('ids')`);
        const given = await draw('old', before);
        const low = await draw('fresh', early);
        const sequences = await pair.open({ headroom: 40n });
        const [, drawn] = await Promise.all([sequences.setAhead(), draw('old', meanwhile)]);
        given.push(...drawn, ...(await draw('old', later)));
        // From here on the fence refuses the old owner's writers.
        if (!(await sequences.compare()).ahead) await sequences.setAhead();
        expect((await sequences.compare()).ahead).toBe(true);
        await sequences.close();
        const own = await draw('fresh', [50, 50, 50]);
        expect(new Set([...low, ...own]).size).toBe(low.length + own.length);
        expect(own.filter((id) => given.includes(id))).toEqual([]);
        // Writers of the old owner that the fence refuses draw all the same, and fill their caches; then it is the owner again.
        await draw('old', refused);
        const back = await pair.open({ operation: 'rollback', headroom: 40n });
        expect((await back.setAhead()).ahead).toBe(true);
        await back.close();
        const again = await draw('old', [50, 50, 50]);
        expect(again.filter((id) => own.includes(id) || given.includes(id))).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});
