/**
 * Pitfall 18: what a trigger of the source wrote is already in the stream; the target's triggers must not write it a
 * second time, and its foreign keys must not reject an order that the source allowed. Where session_replication_role
 * may not be set, preflight reports it beforehand.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { createDatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const SCHEMA = `
  CREATE TABLE parents (id int PRIMARY KEY, children int NOT NULL DEFAULT 0);
  CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents);
  CREATE FUNCTION count_children() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE parents SET children = children + 1 WHERE id = NEW.parent; RETURN NEW; END $$;
  CREATE TRIGGER count_children AFTER INSERT ON children FOR EACH ROW EXECUTE FUNCTION count_children();`;

const TABLES = [
  { from: 'children', to: 'children' },
  { from: 'parents', to: 'parents' },
];

test('a trigger’s work is applied once, and rows may arrive before those they reference', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${SCHEMA} INSERT INTO parents VALUES (1), (2); INSERT INTO children VALUES (1, 1), (2, 1);`,
    targetSql: SCHEMA,
    tables: TABLES,
  });
  await pair.settle();
  await pair.source.query(
    `BEGIN; INSERT INTO parents VALUES (3); INSERT INTO children VALUES (3, 3), (4, 1); COMMIT`,
  );
  await pair.settle();
  const { rows } = await pair.target.query('SELECT id, children FROM parents ORDER BY id');
  expect(rows).toEqual([
    { id: 1, children: 3 },
    { id: 2, children: 0 },
    { id: 3, children: 1 },
  ]);
  expect((await pair.verify()).verdict).toBe('match');
});

test('each trigger that the role cannot switch off is reported', async () => {
  const bare = await createDatabasePair(inject('postgresPort'));
  const role = `plain_${Math.random().toString(36).slice(2)}`;
  try {
    await bare.source.query(SCHEMA);
    await bare.target.query(
      `${SCHEMA} CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};`,
    );
    const findings = await preflightSlice({
      slice: 'facts',
      tables: parseConfigTables(TABLES),
      sourceUrl: bare.sourceUrl,
      targetUrl: bare.targetUrl.replace('postgres@', `${role}@`),
    });
    const about = findings.filter((finding) => finding.code === 'FICUS_CDC_TARGET_TRIGGERS');
    expect(about.map((finding) => finding.message)).toEqual([
      expect.stringContaining('Trigger “count_children”'),
      expect.stringContaining('Foreign key “children_parent_fkey”'),
    ]);
    expect(about[0]?.remedySql).toContain('GRANT SET ON PARAMETER session_replication_role');
  } finally {
    await bare.target.query(`DROP OWNED BY ${role}`);
    await bare.target.query(`DROP ROLE ${role}`);
    await bare.drop();
  }
});
