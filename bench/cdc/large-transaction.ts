/** One transaction of very many rows: the engine's resident memory must not grow with its size. */
import { tableSchema } from '@ficus/core';
import { dropSlots, freshDatabase, type Stage, until } from '../stage.ts';
import { launchEngine } from './engine.ts';

interface LargeFigures {
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly growthMb: number;
}

const TABLE = 'CREATE TABLE big (id bigint PRIMARY KEY, version integer, body text)';
const TIMEOUT_MS = 180_000;

export async function measureLarge(stage: Stage, rows: number): Promise<LargeFigures> {
  const source = await freshDatabase(stage.source, 'large');
  const target = await freshDatabase(stage.target, 'large');
  await source.query(TABLE);
  await target.query(TABLE);
  const engine = await launchEngine({
    slice: 'large',
    tables: [tableSchema.parse({ from: 'big', to: 'big' })],
    sourceUrl: stage.source.url('large'),
    targetUrl: stage.target.url('large'),
  });
  try {
    engine.start();
    await until(async () => (await engine.usage()).status.state === 'streaming', TIMEOUT_MS, 'the stream');
    const before = (await engine.usage()).rss;
    await source.query(
      `INSERT INTO big SELECT i, i % 100, md5(i::text) || md5((i + 1)::text) FROM generate_series(1, $1::int) i`,
      [rows],
    );
    const began = performance.now();
    await until(
      async () => (await target.query('SELECT 1 FROM big LIMIT 1')).rowCount === 1,
      TIMEOUT_MS,
      'the transaction on the target',
    );
    const ms = performance.now() - began;
    const found = await target.query('SELECT count(*)::int AS rows FROM big');
    if (found.rows[0].rows !== rows) throw new Error('the transaction is not whole on the target');
    const { peakRss } = await engine.usage();
    return {
      rows,
      rowsPerSecond: Math.round((rows / ms) * 1000),
      growthMb: Math.round((peakRss - before) / 1024 / 1024),
    };
  } finally {
    await engine.stop();
    await source.end();
    await target.end();
    await dropSlots(stage, 'large');
    await stage.source.dropDatabase('large');
    await stage.target.dropDatabase('large');
  }
}
