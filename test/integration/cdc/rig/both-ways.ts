/** Two databases with a stream in each direction: the source is the legacy, the target the candidate. */
import { expect } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication, ReplicationOptions } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from './parse-tables.ts';
import { type StreamedPair, type StreamedPairOptions, startStreamedPair } from './streamed-pair.ts';

export interface BothWays extends StreamedPair {
  readonly reverse: Replication;
  /** Waits until everything committed on the candidate is on the legacy. */
  settleBack(): Promise<void>;
}

/** Starts the stream back once the first copy is complete. */
export async function startBothWays(port: number, given: StreamedPairOptions): Promise<BothWays> {
  const pair = await startStreamedPair(port, given);
  await pair.settle();
  const reverse = openReverse(pair, given);
  await reverse.start();
  await expect
    .poll(() => reverse.status().state, { message: JSON.stringify(reverse.status()) })
    .toBe('streaming');
  return {
    ...pair,
    reverse,
    async settleBack() {
      const arrived = await reverse.waitForPosition(await reverse.currentPosition(), 60_000);
      expect(arrived, JSON.stringify(reverse.status())).toBe(true);
    },
    async drop() {
      await reverse.drop();
      await pair.drop();
    },
  };
}

export function openReverse(
  { sourceUrl, targetUrl }: Pick<StreamedPair, 'sourceUrl' | 'targetUrl'>,
  { slice = 'facts', tables, options }: StreamedPairOptions,
  more: Partial<ReplicationOptions> = {},
): Replication {
  return openReplication({
    onFault: failTheRun,
    slice,
    tables: parseConfigTables(tables),
    ...options,
    direction: 'reverse',
    sourceUrl: targetUrl,
    targetUrl: sourceUrl,
    ...more,
  });
}
