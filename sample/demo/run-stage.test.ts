import { expect, test } from 'vitest';
import type { Tally } from '../load/tally.ts';
import type { DemoRun } from './demo-run.ts';
import { watchStage } from './run-stage.ts';
import { fitFacts } from './screen.ts';
import { READ_STAGES } from './stages.ts';

test.each([
  ['the load generator has spoken of it', 2, 1],
  ['all that was compared is judged', 1, 3],
])('the stage that decides is over when %s, however late that is', async (_, spokenAt, judgedAt) => {
  const [legacy, shadow] = READ_STAGES;
  const shown: string[] = [];
  let looks = 0;
  const tally = (name: string) =>
    ({
      requests: 20_188,
      failures: 0,
      staleReads: 0,
      latency: { p50: 107.9, p99: 171 },
      phase: { name, flagged: { legacy: 0, candidate: 9 } },
    }) as unknown as Tally;
  const latest = () => tally(looks < spokenAt ? legacy!.name : shadow!.name);
  const options = {
    control: {
      replication: async () => ({ lagMs: 1 }),
      parity: async () => {
        looks += 1;
        return { match: 7627, mismatch: 0, judged: looks >= judgedAt };
      },
    },
    load: { latest },
    screen: { live: (text: string) => shown.push(text) },
    machine: { busyPercent: () => 98.6 },
    seconds: 0.001,
    signal: new AbortController().signal,
  } as unknown as DemoRun;
  await watchStage(shadow!, options, []);
  expect([latest().phase.name, looks >= judgedAt]).toEqual([shadow!.name, true]);
  // Where the machine is exhausted, its latencies are not the proxy's: said where they are shown.
  expect(fitFacts(`${' '.repeat(10)}${shown.at(-1)}`, 119)).toMatch(
    /p50 107\.9 p99 171 ms \(cores 99 % busy\)/,
  );
});
