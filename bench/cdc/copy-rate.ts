/** The first copy beside `psql … COPY TO STDOUT | psql … COPY FROM STDIN` of the same rows, alternating; then verify. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { verifySlice } from '@ficus/cdc';
import { tableSchema } from '@ficus/core';
import { dropSlots, freshDatabase, type Stage, until } from '../stage.ts';
import { median } from '../statistics.ts';
import { launchEngine } from './engine.ts';

interface CopyFigures {
  readonly rows: number;
  readonly psqlRowsPerSecond: number;
  readonly oursRowsPerSecond: number;
  readonly ratio: number;
  readonly verifyRowsPerSecond: number;
}

const TABLE = `CREATE TABLE item (id bigint PRIMARY KEY, owner integer, price numeric(12,2), label text, made_at timestamptz, open boolean)`;
const TIMEOUT_MS = 120_000;

export async function measureCopy(
  stage: Stage,
  rows: number,
  rounds: number,
  log: (line: string) => void,
): Promise<CopyFigures> {
  const source = await freshDatabase(stage.source, 'copy');
  try {
    await source.query(TABLE);
    await source.query(
      `INSERT INTO item SELECT i, i % 1000, i * 0.01, 'label of item ' || i, now(), i % 2 = 0 FROM generate_series(1, $1::int) i`,
      [rows],
    );
    await source.query('VACUUM ANALYZE item');
    const psql: number[] = [];
    const ours: number[] = [];
    const verify: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const runs = [
        async () => psql.push(await withPsql(stage)),
        async () => ours.push(await withOurs(stage, rows, verify)),
      ];
      for (const run of round % 2 ? runs : runs.reverse()) await run();
      const perSecond = (ms: number | undefined) => Math.round((rows / (ms ?? Number.NaN)) * 1000);
      log(`copy ${round}: psql ${perSecond(psql.at(-1))} rows/s, ours ${perSecond(ours.at(-1))} rows/s`);
    }
    return {
      rows,
      psqlRowsPerSecond: Math.round((rows / median(psql)) * 1000),
      oursRowsPerSecond: Math.round((rows / median(ours)) * 1000),
      ratio: median(psql.map((ms, round) => ms / (ours[round] ?? Number.NaN))),
      verifyRowsPerSecond: Math.round(median(verify)),
    };
  } finally {
    await source.end();
    await dropSlots(stage, 'copy');
    await stage.source.dropDatabase('copy');
    await stage.target.dropDatabase('copied');
  }
}

async function withPsql(stage: Stage): Promise<number> {
  const target = await freshDatabase(stage.target, 'copied');
  await target.query(TABLE);
  const began = performance.now();
  const out = spawn('psql', [stage.source.url('copy'), '-qc', 'COPY item TO STDOUT'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const into = spawn('psql', [stage.target.url('copied'), '-qc', 'COPY item FROM STDIN'], {
    stdio: [out.stdout, 'ignore', 'inherit'],
  });
  // The children now own both ends of the pipe.
  out.stdout.destroy();
  const [code] = await once(into, 'exit');
  if (code !== 0) throw new Error('psql could not copy');
  const ms = performance.now() - began;
  await target.end();
  return ms;
}

async function withOurs(stage: Stage, rows: number, verify: number[]): Promise<number> {
  const target = await freshDatabase(stage.target, 'copied');
  await target.query(TABLE);
  const tables = [tableSchema.parse({ from: 'item', to: 'item' })];
  const slice = {
    slice: 'copy',
    tables,
    sourceUrl: stage.source.url('copy'),
    targetUrl: stage.target.url('copied'),
  };
  const engine = await launchEngine(slice);
  const began = performance.now();
  engine.start();
  await until(async () => (await engine.usage()).status.state === 'streaming', TIMEOUT_MS, 'the first copy');
  const ms = performance.now() - began;
  const report = await verifySlice({ ...slice, mode: 'full', waitForApplied: async () => true });
  if (report.verdict !== 'match' || report.rowsCompared.source !== rows)
    throw new Error(`the copy is not the original: ${report.verdict}`);
  verify.push(report.rowsPerSecond);
  await engine.stop();
  await target.end();
  await dropSlots(stage, 'copy');
  return ms;
}
