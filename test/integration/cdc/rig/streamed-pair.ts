/** Two databases with a stream between them, for tests of one fact each. */
import { expect } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication, ReplicationOptions } from '../../../../cdc/replication.ts';
import type { VerifyMode, VerifySettings } from '../../../../cdc/verify/verify-options.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from './database-pair.ts';
import { parseConfigTables } from './parse-tables.ts';

export interface StreamedPair extends DatabasePair {
  readonly replication: Replication;
  /** Waits until everything committed on the source is on the target. */
  settle(): Promise<void>;
  verify(mode?: VerifyMode, settings?: Partial<VerifySettings>): ReturnType<typeof verifySlice>;
}

export interface StreamedPairOptions {
  readonly sourceSql: string;
  readonly targetSql: string;
  readonly tables: readonly unknown[];
  readonly slice?: string;
  /** Port of another cluster for the source. */
  readonly sourcePort?: number | undefined;
  /** Role that the stream reads the source as; by default the superuser. */
  readonly sourceRole?: string;
  /** Called, and awaited, before the stream starts. */
  readonly onDatabases?: (pair: DatabasePair) => unknown;
  readonly options?: Partial<ReplicationOptions>;
}

/** Makes the databases, runs the SQL in each, and starts the stream. */
export async function startStreamedPair(port: number, given: StreamedPairOptions): Promise<StreamedPair> {
  const pair = await createDatabasePair(port, given.sourcePort);
  const slice = given.slice ?? 'facts';
  const tables = parseConfigTables(given.tables);
  const { targetUrl } = pair;
  const sourceUrl = pair.sourceUrl.replace('//postgres@', `//${given.sourceRole ?? 'postgres'}@`);
  await pair.source.query(given.sourceSql);
  await pair.target.query(given.targetSql);
  await given.onDatabases?.(pair);
  const replication = openReplication({
    onFault: failTheRun,
    slice,
    tables,
    sourceUrl,
    targetUrl,
    ...given.options,
  });
  await replication.start();
  const waitForApplied = (lsn: string, timeoutMs: number) => replication.waitForPosition(lsn, timeoutMs);
  return {
    ...pair,
    replication,
    async settle() {
      await expect
        .poll(() => replication.copied(), { message: JSON.stringify(replication.status()) })
        .toBe(true);
      let position = '';
      // If a test has just cut the stream's connections, the first one taken may be one of those.
      const ask = async () => (position = await replication.currentPosition());
      await expect.poll(ask).not.toBe('');
      const arrived = await replication.waitForPosition(position, 20_000);
      expect(arrived, JSON.stringify(replication.status())).toBe(true);
    },
    verify: (mode = 'full', settings = {}) =>
      verifySlice({
        slice,
        tables,
        sourceUrl,
        targetUrl,
        mode,
        waitForApplied,
        settings,
        stream: replication,
        ...(given.options?.baseDir !== undefined && { baseDir: given.options.baseDir }),
      }),
    async drop() {
      await replication.drop();
      await pair.drop();
    },
  };
}
