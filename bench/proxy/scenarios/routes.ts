/** The cost of a thousand times as many routes. */

import { atMost } from '../../report.ts';
import { median, medianRatio, rounded } from '../../statistics.ts';
import { type BenchContext, measure, startChecked, WARM_UP_SECONDS } from '../bench-context.ts';
import { ours } from '../peers.ts';

/** Slice s5 has routes in both. */
const PATH = '/api/s5/r0/123';

export async function routes(context: BenchContext): Promise<void> {
  const few = await startChecked(context, ours('10 routes', { routes: 10, slices: 10 }));
  const many = await startChecked(context, ours('10,000 routes', { routes: 10_000, slices: 50 }));
  const costs = new Map<string, number[]>([
    [few.name, []],
    [many.name, []],
  ]);
  for (const peer of [few, many]) await measure(context, peer, { path: PATH, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < context.options.rounds; round += 1) {
    for (const peer of [few, many]) {
      const { cpuUs } = await measure(context, peer, { path: PATH });
      costs.get(peer.name)!.push(cpuUs);
    }
  }
  await few.stop();
  await many.stop();
  const [fewUs, manyUs] = [median(costs.get(few.name)!), median(costs.get(many.name)!)];
  context.report.figures.routes = { cpuUsWith10: rounded(fewUs, 1), cpuUsWith10000: rounded(manyUs, 1) };
  atMost(
    context.report,
    'CPU per request, 10,000 routes / 10 routes',
    rounded(medianRatio(costs.get(many.name)!, costs.get(few.name)!), 3),
    'ratio',
    1.1,
  );
  context.say(`routes: ${rounded(fewUs, 1)} µs with 10, ${rounded(manyUs, 1)} µs with 10,000`);
}
