/**
 * Load at a fixed rate, in short slices that alternate between the targets compared. A neighbour on the machine spoils
 * some slices and not others, and never improves one: so the quieter quarter of many slices counts.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { lowerQuartile } from '../statistics.ts';
import { type BenchContext, CONNECTIONS, HEADERS, MEASURED_PATH } from './bench-context.ts';
import type { RunningPeer } from './peers.ts';
import { startProcess } from './running-process.ts';

export interface Slice {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests a second, due regardless of the answers. */
  readonly rate: number;
  readonly ms: number;
  readonly connections: number;
}

export interface SliceResult {
  readonly requests: number;
  readonly failures: number;
  /** Measured from when a request was due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is compared: a proxy, or the upstream itself, whose CPU does not count. */
type PacedTarget = Pick<RunningPeer, 'name' | 'port'> & Partial<Pick<RunningPeer, 'process'>>;

export interface Paced {
  /** Of the slice that is better than three quarters of them. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Over all slices, per request. */
  readonly cpuUs: number;
}

/** A slice has about a thousand requests, so that its p99 is not its worst. */
const SLICE_REQUESTS = 1_000;
const SLICE_MS = { least: 200, most: 1_000 };
/** How many times longer than requested an undecided comparison may run. */
const PATIENCE = 4;
const ASK_EACH = 10;
const WARM_UP_SLICES = 5;

/**
 * What every slice of a target said, in the order of the slices: those at the same place followed each other.
 */
type Slices = ReadonlyMap<string, { readonly p99: readonly number[] }>;

/**
 * Compares targets at one rate, each for `rounds × seconds`, or longer until it is decided.
 * @param decided called after each round of slices, once there has been time enough
 * @throws Error when more than a thousandth of the answers fail
 */
export async function pace(
  context: BenchContext,
  targets: readonly PacedTarget[],
  rate: number,
  decided: (slices: Slices) => boolean = () => true,
): Promise<ReadonlyMap<string, Paced>> {
  const { options, otherCore } = context;
  const generator = await startGenerator(otherCore);
  const ms = Math.min(SLICE_MS.most, Math.max(SLICE_MS.least, Math.round((SLICE_REQUESTS * 1000) / rate)));
  const slices = Math.max(10, Math.round((options.rounds * options.seconds * 1000) / ms));
  const seen = new Map(
    targets.map(({ name }) => [name, { p50: [] as number[], p99: [] as number[], cpuMs: 0, requests: 0 }]),
  );
  const shape = { path: MEASURED_PATH, headers: HEADERS, rate, ms, connections: CONNECTIONS };
  for (let slice = -WARM_UP_SLICES; slice < slices * PATIENCE; slice += 1) {
    if (slice >= slices && slice % ASK_EACH === 0 && decided(seen)) break;
    // Forwards, then backwards, so that no target always follows the same neighbour.
    const order = slice % 2 === 0 ? targets : [...targets].reverse();
    for (const { name, port, process } of order) {
      const before = process?.cpuMs() ?? 0;
      const { requests, failures, p50Ms, p99Ms } = await generator.run({ ...shape, port });
      if (failures > requests / 1000) throw new Error(`${name}: ${failures} failures at a fixed rate`);
      if (slice < 0) continue;
      const entry = seen.get(name)!;
      entry.p50.push(p50Ms);
      entry.p99.push(p99Ms);
      entry.cpuMs += (process?.cpuMs() ?? 0) - before;
      entry.requests += requests;
    }
  }
  await generator.stop();
  return new Map(
    [...seen].map(([name, { p50, p99, cpuMs, requests }]) => [
      name,
      { p50Ms: lowerQuartile(p50), p99Ms: lowerQuartile(p99), cpuUs: (cpuMs * 1000) / requests },
    ]),
  );
}

async function startGenerator(core: number | undefined) {
  const program = join(import.meta.dirname, 'paced-load-process.ts');
  const results: ((result: SliceResult) => void)[] = [];
  const child = await startProcess(core, [process.execPath, program], async ({ stdout }) => {
    createInterface({ input: stdout! }).on('line', (line) =>
      results.shift()?.(JSON.parse(line) as SliceResult),
    );
  });
  return {
    run: (slice: Slice): Promise<SliceResult> =>
      Promise.race([
        new Promise<SliceResult>((resolve) => {
          results.push(resolve);
          child.say(`${JSON.stringify(slice)}\n`);
        }),
        child.died,
      ]),
    stop: () => child.stop(),
  };
}
