/**
 * Whether a second worker brings a second core. With two cores for it and two for load and upstream, the rates are
 * compared. Fewer cores cannot show a rate, but they show its bound: under the same load each, below saturation, two
 * workers use a certain CPU per request, and the busier of the two a certain part of it. The rate at which that one's
 * core is full, relative to the rate at which a single worker's is, is the capacity that two cores would give.
 */
import { availableParallelism } from 'node:os';
import { atLeast, notMeasured } from '../../report.ts';
import { median, rounded } from '../../statistics.ts';
import { type BenchContext, measure } from '../bench-context.ts';
import { ours, type RunningPeer } from '../peers.ts';

const BY_RATE = 'requests/s, 2 workers / 1';
const BY_CPU = 'capacity by CPU, 2 workers / 1';
const LEAST = 1.7;
/** Enough for the kernel to spread connections evenly over the workers. */
const CONNECTIONS = 256;
/**
 * Per worker, so that one of two has as much to do as the single one: with less, each wake-up would gather less. Below
 * what one core can take: at saturation the scheduler, not the spreading, would decide how busy each is.
 */
const RATE = 4_000;

export async function workers(context: BenchContext): Promise<void> {
  const cores = availableParallelism();
  const free = cores >= 4;
  if (!free) {
    const reason = `needs 4 cores, this machine has ${cores}: see ${BY_CPU}`;
    notMeasured(context.report, BY_RATE, 'ratio', `>= ${LEAST}`, reason);
  }
  const core = free ? undefined : context.proxyCore;
  const one = await ours('1 worker', { workers: 1 }).start(context.backend.port, core);
  const two = await ours('2 workers', { workers: 2 }).start(context.backend.port, core);
  const rates = { one: [] as number[], two: [] as number[] };
  const costs = { one: [] as number[], two: [] as number[], busier: [] as number[] };
  for (let round = 0; round <= context.options.rounds; round += 1) {
    const single = await measureEach(context, one, free ? undefined : RATE);
    const pair = await measureEach(context, two, free ? undefined : 2 * RATE);
    if (round === 0) continue;
    rates.one.push(single.rate);
    rates.two.push(pair.rate);
    costs.one.push(single.busiestUs);
    costs.two.push(pair.cpuUs);
    costs.busier.push(pair.busiestUs);
  }
  await one.stop();
  await two.stop();
  const capacity = rounded(median(costs.one.map((us, round) => us / costs.busier[round]!)));
  const ratio = rounded(median(rates.two) / median(rates.one));
  context.report.figures.workers = {
    cpuUs: { 1: rounded(median(costs.one), 1), 2: rounded(median(costs.two), 1) },
    busierWorkerUs: rounded(median(costs.busier), 1),
    capacityByCpu: capacity,
    ...(free
      ? { requestsPerSecond: { 1: rounded(median(rates.one), 0), 2: rounded(median(rates.two), 0) } }
      : {}),
  };
  if (free) atLeast(context.report, BY_RATE, ratio, 'ratio', LEAST);
  else atLeast(context.report, BY_CPU, capacity, 'ratio', LEAST);
  context.say(`workers: capacity by CPU × ${capacity}${free ? `, rate × ${ratio}` : ''}`);
}

/** CPU per request, of all processes and of the busiest of them. */
async function measureEach(context: BenchContext, peer: RunningPeer, fixedRate: number | undefined) {
  const before = peer.process.cpuMsEach();
  const { rate, requests, cpuUs } = await measure(context, peer, {
    connections: CONNECTIONS,
    ...(fixedRate === undefined ? {} : { rate: fixedRate }),
  });
  const taken = [...peer.process.cpuMsEach()].map(([pid, ms]) => ms - (before.get(pid) ?? 0));
  return { rate, cpuUs, busiestUs: (Math.max(...taken) * 1000) / requests };
}
