/**
 * Open loop: what a proxy adds over the upstream alone, at a rate that is kept regardless of the answers (pacer.ts).
 * Once at half of what the slowest target can take, once at half of what ours can.
 */

import { atMost, formatTable, notMeasured } from '../../report.ts';
import { median, rounded } from '../../statistics.ts';
import { type BenchContext, measure, startChecked } from '../bench-context.ts';
import { pace } from '../pacer.ts';
import { httpProxy, nginx, ours, type RunningPeer } from '../peers.ts';

/** The generator itself manages about this much beside an upstream on the same core. */
const MOST_RATE = 8_000;
/** Ours over nginx's, in added p99. */
const MOST_OF_NGINX = 2;

export async function latency(context: BenchContext): Promise<void> {
  const running: RunningPeer[] = [];
  for (const peer of [ours(), nginx, httpProxy]) {
    if (peer.missing() === undefined) running.push(await startChecked(context, peer));
  }
  const saturation = new Map<string, number>();
  for (const peer of running) saturation.set(peer.name, await saturationOf(context, peer));
  const half = (rate: number): number => Math.round(Math.min(MOST_RATE, rate / 2));
  const slowest = half(Math.min(...saturation.values()));
  const { report } = context;
  const addedAtSlowest = await atRate(context, running, slowest);
  const fast = running.filter((peer) => peer.name !== 'http-proxy');
  const addedAtOurs = await atRate(context, fast, half(saturation.get('ours')!));
  for (const peer of running) await peer.stop();
  const toHttpProxy = addedAtSlowest('ours') / addedAtSlowest('http-proxy');
  atMost(report, 'added p99, ours / http-proxy', rounded(toHttpProxy, 3), 'ratio', 1);
  const name = 'added p99, ours / nginx';
  if (nginx.missing() !== undefined)
    notMeasured(report, name, 'ratio', `<= ${MOST_OF_NGINX}`, nginx.missing()!);
  // Both rates: what is added is a few tenths of a millisecond, and one run of it is noisy.
  else {
    const both = (peer: string): number => addedAtSlowest(peer) + addedAtOurs(peer);
    atMost(report, name, rounded(both('ours') / both('nginx'), 3), 'ratio', MOST_OF_NGINX);
  }
}

async function saturationOf(context: BenchContext, peer: RunningPeer): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 3; round += 1) rates.push((await measure(context, peer)).rate);
  return median(rates);
}

/** Returns a peer's added p99, in milliseconds. */
async function atRate(
  context: BenchContext,
  running: readonly RunningPeer[],
  rate: number,
): Promise<(name: string) => number> {
  const direct = { name: 'direct', port: context.backend.port };
  const seen = await pace(context, [direct, ...running], rate);
  const base = seen.get('direct')!;
  const figures = Object.fromEntries(
    [...seen].map(([name, { p50Ms, p99Ms }]) => [
      name,
      {
        p50Ms: rounded(p50Ms),
        p99Ms: rounded(p99Ms),
        addedP50Ms: rounded(p50Ms - base.p50Ms),
        addedP99Ms: rounded(p99Ms - base.p99Ms),
      },
    ]),
  );
  const all = (context.report.figures.latency ?? {}) as Record<string, unknown>;
  context.report.figures.latency = { ...all, [`at ${rate} requests/s`]: figures };
  const rows = Object.entries(figures).map(([name, each]) => [name, ...Object.values(each).map(String)]);
  const titles = ['', 'p50 ms', 'p99 ms', 'added p50 ms', 'added p99 ms'];
  context.say(`latency at ${rate} requests/s\n${formatTable([titles, ...rows])}`);
  return (name) => Math.max(0, (seen.get(name)?.p99Ms ?? base.p99Ms) - base.p99Ms);
}
