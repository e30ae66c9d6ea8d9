/** CPU per request beside every peer: a stable figure even when rates vary. */

import { atMost, formatTable, notMeasured } from '../../report.ts';
import { median, medianRatio, rounded } from '../../statistics.ts';
import { type BenchContext, measure, type Round, startChecked, WARM_UP_SECONDS } from '../bench-context.ts';
import { loadGenerator } from '../load.ts';
import {
  before,
  fastifyHttpProxy,
  fastProxy,
  haproxy,
  httpProxy,
  httpxy,
  nginx,
  ours,
  type RunningPeer,
} from '../peers.ts';

/** Ours over the peer's, in CPU per request. */
const BOUNDS: Readonly<Record<string, number>> = { 'http-proxy': 0.3, 'fast-proxy': 0.65, nginx: 2 };

export async function throughput(context: BenchContext): Promise<void> {
  const { report, options } = context;
  const earlier = options.before === undefined ? [] : [before(options.before)];
  const peers = [ours(), ...earlier, httpProxy, fastProxy, httpxy, fastifyHttpProxy, nginx, haproxy];
  const missing = new Map<string, string>();
  const running: RunningPeer[] = [];
  for (const peer of peers) {
    const reason = peer.missing();
    if (reason === undefined) running.push(await startChecked(context, peer));
    else missing.set(peer.name, reason);
  }
  const rounds = new Map<string, Round[]>(running.map((peer) => [peer.name, []]));
  for (const peer of running) await measure(context, peer, { seconds: WARM_UP_SECONDS });
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const peer of running) rounds.get(peer.name)!.push(await measure(context, peer));
    context.say(`throughput: round ${round} of ${options.rounds}`);
  }
  for (const peer of running) await peer.stop();
  const costs = (name: string): number[] => rounds.get(name)!.map(({ cpuUs }) => cpuUs);
  const figures = Object.fromEntries(
    [...rounds].map(([name, all]) => [
      name,
      { ...summary(all), oursToIt: rounded(medianRatio(costs('ours'), costs(name)), 3) },
    ]),
  );
  report.figures.throughput = { loadGenerator, ...figures, missing: Object.fromEntries(missing) };
  for (const [name, bound] of Object.entries(BOUNDS)) {
    const title = `CPU per request, ours / ${name}`;
    const reason = missing.get(name);
    if (reason !== undefined) notMeasured(report, title, 'ratio', `<= ${bound}`, reason);
    else atMost(report, title, figures[name]!.oursToIt, 'ratio', bound);
  }
  for (const { name } of earlier)
    atMost(report, `CPU per request, ours / ${name}`, figures[name]!.oursToIt, 'ratio', 1.03);
  context.say(table(figures));
}

type Summary = ReturnType<typeof summary> & { readonly oursToIt: number };

function summary(rounds: readonly Round[]) {
  const of = (pick: (round: Round) => number, digits = 1): number =>
    rounded(median(rounds.map(pick)), digits);
  return {
    cpuUs: of((round) => round.cpuUs),
    requestsPerSecond: of((round) => round.rate, 0),
    p50Ms: of((round) => round.p50Ms, 2),
    p99Ms: of((round) => round.p99Ms, 2),
  };
}

function table(figures: Readonly<Record<string, Summary>>): string {
  const rows = Object.entries(figures).map(([name, each]) => [
    name,
    String(each.cpuUs),
    rounded(each.oursToIt).toString(),
    String(each.requestsPerSecond),
    String(each.p50Ms),
    String(each.p99Ms),
  ]);
  return formatTable([['proxy', 'CPU µs/request', 'ours/it', 'requests/s', 'p50 ms', 'p99 ms'], ...rows]);
}
