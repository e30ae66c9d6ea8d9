/** A deferrable unique key is checked at the end of a transaction: rows may exchange their keys, or all move by one. */
import { afterEach, expect, inject, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLES = [{ from: 'seat', to: 'seat' }];
const rows = `INSERT INTO seat SELECT n, 10 + n, 'guest ' || n, repeat(md5(n::text), 200) FROM generate_series(1, 6) AS n`;
const seat = (key: string, nr: string) =>
  `CREATE TABLE seat (id int ${key}, nr int ${nr}, guest text, note text)`;
const FULL = 'ALTER TABLE seat REPLICA IDENTITY FULL';
const DEFERRED = 'DEFERRABLE INITIALLY DEFERRED';

/** Of whole transactions; `k` is the column that is deferrable. */
const exchanges = (k: string) => [
  `UPDATE seat SET ${k} = ${k} + 1`,
  `BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE seat SET ${k} = -1 WHERE guest = 'guest 1';
   UPDATE seat SET ${k} = (SELECT min(${k}) FROM seat WHERE ${k} > 0) + 1 WHERE guest = 'guest 2';
   UPDATE seat SET ${k} = (SELECT max(${k}) FROM seat) + 1, guest = 'moved' WHERE guest = 'guest 3';
   UPDATE seat SET ${k} = -2 WHERE ${k} = -1; COMMIT`,
  `BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE seat SET ${k} = 100 - ${k}; UPDATE seat SET ${k} = 100 - ${k} WHERE guest <> 'guest 5';
   DELETE FROM seat WHERE guest = 'guest 6'; INSERT INTO seat VALUES (77, 77, 'new', 'n'); COMMIT`,
];

async function start(sourceSql: string, targetSql: string) {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${sourceSql}; ${rows}`,
    targetSql,
    tables: TABLES,
  });
  await pair.settle();
  return pair;
}

async function exchange({ source, settle, verify, replication }: StreamedPair, k: string): Promise<void> {
  for (const sql of exchanges(k)) {
    await source.query(sql);
    await settle();
    expect(await verify(), JSON.stringify(replication.status().problem)).toMatchObject({
      verdict: 'match',
      rowsCompared: { source: 6 },
    });
  }
}

test.each([
  ['checked at once on the target', seat('PRIMARY KEY', '')],
  ['deferrable on the target', seat('PRIMARY KEY DEFERRABLE', '')],
])('a primary key, %s', async (_, targetSql) => {
  await exchange(await start(`${seat(`PRIMARY KEY ${DEFERRED}`, '')}; ${FULL}`, targetSql), 'id');
});

test('a second unique column, deferrable on both sides', async () => {
  await exchange(
    await start(seat('PRIMARY KEY', 'UNIQUE DEFERRABLE'), seat('PRIMARY KEY', 'UNIQUE DEFERRABLE')),
    'nr',
  );
});

test.each([
  ['constraint', seat('PRIMARY KEY', 'UNIQUE'), ''],
  ['index', seat('PRIMARY KEY', ''), 'CREATE UNIQUE INDEX "Seat nr" ON seat (nr)'],
])(
  'a second unique column, checked at once by a %s of the target: found beforehand, with SQL that helps',
  async (_, table, index) => {
    const started = await start(seat('PRIMARY KEY', `UNIQUE ${DEFERRED}`), `${table}; ${index}`);
    const { sourceUrl, targetUrl } = started;
    const findings = await preflightSlice({
      slice: 'facts',
      tables: parseConfigTables(TABLES),
      sourceUrl,
      targetUrl,
    });
    const finding = findings.find(({ message }) => message.includes('may exchange values of (nr)'));
    expect(finding).toMatchObject({ severity: 'warning', path: 'slices.facts.tables[0].to' });
    await started.target.query(finding!.remedySql!);
    await started.replication.stop();
    await started.replication.start();
    await exchange(started, 'nr');
  },
);
