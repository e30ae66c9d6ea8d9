/** Copies to a candidate that accepts connections and never answers: their effect on the live requests. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { atMost, undecided } from '../../report.ts';
import { ratioInterval, rounded } from '../../statistics.ts';
import { type BenchContext, measure, startChecked } from '../bench-context.ts';
import { type Paced, pace } from '../pacer.ts';
import { ours } from '../peers.ts';

/** Of the generator, beside an upstream on the same core. */
const MOST_RATE = 6_000;
/** Live p99 with copies to a candidate that hangs, over that without. */
const MOST_P99 = 1.05;

export async function shadow(context: BenchContext): Promise<void> {
  const sockets = new Set<Socket>();
  const hung = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const { port } = hung.address() as { port: number };
  const off = await startChecked(context, ours('shadow off'));
  const on = await startChecked(context, ours('shadow on', { shadowUrl: `http://127.0.0.1:${port}` }));
  // Latency is compared at a rate that both can hold: at saturation it would only mirror the CPU.
  const rate = Math.round(Math.min(MOST_RATE, (await measure(context, on)).rate / 2));
  let interval = { low: 0, high: 0 };
  let count = 0;
  const seen = await pace(context, [off, on], rate, (slices) => {
    const p99s = slices.get(on.name)!.p99;
    count = p99s.length;
    interval = ratioInterval(p99s, slices.get(off.name)!.p99);
    return interval.high <= MOST_P99 || interval.low > MOST_P99;
  });
  await off.stop();
  await on.stop();
  for (const socket of sockets) socket.destroy();
  hung.close();
  const [without, withCopies] = [seen.get(off.name)!, seen.get(on.name)!];
  const figureOf = (pick: (paced: Paced) => number) => ({
    off: rounded(pick(without)),
    on: rounded(pick(withCopies)),
  });
  const figures = {
    requestsPerSecond: rate,
    p50Ms: figureOf(({ p50Ms }) => p50Ms),
    p99Ms: figureOf(({ p99Ms }) => p99Ms),
    cpuUs: figureOf(({ cpuUs }) => cpuUs),
    p99RatioInterval: { low: rounded(interval.low, 3), high: rounded(interval.high, 3), slices: count },
  };
  context.report.figures.shadow = figures;
  const p99Ratio = rounded(withCopies.p99Ms / without.p99Ms, 3);
  const cpuRatio = rounded(withCopies.cpuUs / without.cpuUs, 3);
  const { low, high } = figures.p99RatioInterval;
  const name = 'live p99, hung shadow / shadow off';
  if (low <= MOST_P99 && high > MOST_P99) {
    const reason = `the machine is too noisy to tell: between ${low} and ${high}, with 95 % confidence`;
    undecided(context.report, name, p99Ratio, 'ratio', `<= ${MOST_P99}`, reason);
  } else atMost(context.report, name, p99Ratio, 'ratio', MOST_P99);
  atMost(context.report, 'CPU per request, hung shadow / shadow off', cpuRatio, 'ratio', 1.6);
  const { p99Ms, cpuUs } = figures;
  context.say(
    `shadow: p99 ${p99Ms.off} → ${p99Ms.on} ms (× ${p99Ratio}, between ${low} and ${high}), CPU ${cpuUs.off} → ${cpuUs.on} µs`,
  );
}
