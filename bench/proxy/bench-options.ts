/** Options of `npm run bench:proxy`. */
import { parseArgs } from 'node:util';
import { BOUND_MISSED, readCheckout, readChoice, readCount } from '../command-line.ts';

export const SCENARIOS = ['throughput', 'bodies', 'routes', 'workers', 'latency', 'log', 'shadow'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface BenchOptions {
  readonly json: boolean;
  readonly only: readonly Scenario[];
  readonly rounds: number;
  readonly seconds: number;
  readonly before: string | undefined;
}

export const HELP = `npm run bench:proxy -- [--json] [--only SCENARIO,…] [--rounds N] [--seconds N] [--before DIR]

Measures the proxy beside its peers: same machine, same upstream, same load, alternating rounds, medians.
Every peer's answers are compared with the upstream's before it is measured. The proxy runs as a user runs it:
one worker, 1,000 routes in 50 slices, flags, identity by cookie, metrics and a sampled access log.

Scenarios (all by default):
  throughput  CPU per request, rate and latency beside http-proxy, fast-proxy, httpxy, @fastify/http-proxy, nginx, haproxy
  bodies      1 KB, 64 KB, 1 MB down, 64 KB and 1 MB up, 16 MB chunked: CPU for a MB and MB/s beside nginx, memory
  routes      10 against 10,000 routes
  workers     2 workers against 1: by rate with 4 cores, else by the CPU of the busier worker
  latency     open loop at half of saturation: what each proxy adds over the upstream alone
  log         every request logged against none: CPU per request
  shadow      copies on, with a candidate that hangs, against off: p99 and CPU at a fixed rate

Options:
  --json        one JSON document on stdout: { ok, checks, figures }
  --only LIST   scenarios, separated by commas
  --rounds N    rounds of each peer (default 5)
  --seconds N   seconds of each round (default 3)
  --before DIR  another checkout of this repository, installed: its proxy is one of the peers of \`throughput\`.
                Bound: ours costs at most 1.03 × its CPU for a request
  --help        this text

At a fixed rate the targets alternate every 200 ms, latency counts from when a request was due, and of all slices the
quieter quarter is reported: so neighbours on the machine are not mistaken for the proxy.

Uses nginx (as upstream and peer), haproxy, wrk and taskset where they are installed; what is missing is listed.
Exit status: 0 all bounds held, ${BOUND_MISSED} a bound was missed, 2 used wrongly, 3 could not be carried out.`;

/** @throws UsageError */
export function readOptions(argv: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      before: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    json: values.json,
    only: readChoice('scenario', SCENARIOS, values.only),
    rounds: readCount('--rounds', values.rounds),
    seconds: readCount('--seconds', values.seconds),
    before: values.before === undefined ? undefined : readCheckout(values.before, 'proxy'),
  };
}
