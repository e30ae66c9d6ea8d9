import { expect, test } from 'vitest';
import type { Tally } from '../load/tally.ts';
import { type MigrationOptions, watchStage } from './migration.ts';
import { STAGES } from './stages.ts';

test.each([
  ['the load generator has spoken of it', 2, 1],
  ['all that was compared is judged', 1, 3],
])('the stage that decides is over when %s, however late that is', async (_, spokenAt, judgedAt) => {
  const [legacy, shadow] = STAGES;
  const shown: string[] = [];
  let looks = 0;
  const tally = (name: string) =>
    ({
      requests: 0,
      failures: 0,
      staleReads: 0,
      latency: { p50: 0, p99: 0 },
      phase: { name, flagged: {} },
    }) as unknown as Tally;
  const latest = () => tally(looks < spokenAt ? legacy!.name : shadow!.name);
  const options = {
    control: {
      replication: async () => ({ lagMs: 1 }),
      parity: async () => {
        looks += 1;
        return { match: 0, mismatch: 0, judged: looks >= judgedAt };
      },
    },
    load: { latest },
    screen: { live: (text: string) => shown.push(text) },
    machine: { busyPercent: () => 98.6 },
    seconds: 0.001,
    signal: new AbortController().signal,
  } as unknown as MigrationOptions;
  await watchStage(shadow!, options, []);
  expect([latest().phase.name, looks >= judgedAt]).toEqual([shadow!.name, true]);
  // Where the machine is exhausted, its latencies are not the proxy's: said where they are shown.
  expect(shown.at(-1)).toMatch(/p50 0\.0 ms p99 0 ms \(cores 99 % busy\)$/);
});
