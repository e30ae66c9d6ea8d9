/** The cost of the access log as installed, with a line for every request. */

import { atMost } from '../../report.ts';
import { median, medianRatio, rounded } from '../../statistics.ts';
import { type BenchContext, measure, startChecked, WARM_UP_SECONDS } from '../bench-context.ts';
import { ours } from '../peers.ts';

export async function log(context: BenchContext): Promise<void> {
  const none = await startChecked(context, ours('no access log', { logged: 0 }));
  const every = await startChecked(context, ours('every request logged', { logged: 1 }));
  const costs = new Map<string, number[]>([
    [none.name, []],
    [every.name, []],
  ]);
  for (const peer of [none, every]) await measure(context, peer, { seconds: WARM_UP_SECONDS });
  for (let round = 0; round < context.options.rounds; round += 1) {
    for (const peer of [none, every]) costs.get(peer.name)!.push((await measure(context, peer)).cpuUs);
  }
  await none.stop();
  await every.stop();
  const [noneUs, everyUs] = [median(costs.get(none.name)!), median(costs.get(every.name)!)];
  context.report.figures.log = { cpuUsWithout: rounded(noneUs, 1), cpuUsWith: rounded(everyUs, 1) };
  atMost(
    context.report,
    'CPU per request, every request logged / none',
    rounded(medianRatio(costs.get(every.name)!, costs.get(none.name)!), 3),
    'ratio',
    1.1,
  );
  context.say(`log: ${rounded(noneUs, 1)} µs without, ${rounded(everyUs, 1)} µs with every request logged`);
}
