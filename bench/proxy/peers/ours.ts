/**
 * The whole proxy as a user runs it: slices with routes, flags from a file, identity by cookie, metrics on
 * its admin address and a sampled access log.
 *
 * Parameters after the upstream: a JSON object, see `OursOptions`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagName, parseConfig, percentFlag } from '@ficus/core';
import { startProxy } from '@ficus/proxy';
import { announce, upstreamUrl } from './listen.ts';

interface OursOptions {
  /** Routes in all, spread evenly over the slices. */
  readonly routes?: number;
  readonly slices?: number;
  readonly workers?: number;
  /** Where copies go: every request of the measured slice is copied there. */
  readonly shadowUrl?: string;
  /** Share of the requests that are logged. */
  readonly logged?: number;
}

const options = JSON.parse(process.argv[3] ?? '{}') as OursOptions;
const { routes = 1000, slices = 50, workers = 1, logged = 0.01 } = options;
const folder = mkdtempSync(join(tmpdir(), 'ficus-bench-'));
const flagsFile = join(folder, 'flags.json');

const names = Array.from({ length: slices }, (_, index) => `s${index}`);
const features = names.flatMap((name) => [
  // Each side serves half of the users; both sides are the same upstream here.
  percentFlag(flagName(name, 'serve'), name, options.shadowUrl === undefined ? 50 : 0),
  percentFlag(flagName(name, 'shadow'), name, options.shadowUrl === undefined ? 0 : 100),
]);
writeFileSync(flagsFile, JSON.stringify({ version: 2, features }));

const document = {
  version: 1,
  proxy: {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers,
    // As for the peers: a connection that closes just as it is reused does not count as a failure here.
    timeouts: { keepAliveMs: 600_000 },
    identify: { user: { cookie: 'sid' } },
    accessLog: { sample: logged },
  },
  flags: { provider: 'file', file: flagsFile },
  legacy: { url: upstreamUrl },
  slices: Object.fromEntries(
    names.map((name, at) => [
      name,
      { candidate: { url: options.shadowUrl ?? upstreamUrl }, routes: routesOf(name, at) },
    ]),
  ),
};

function routesOf(name: string, at: number) {
  const count = Math.floor(routes / slices) + (at < routes % slices ? 1 : 0);
  return Array.from({ length: Math.max(1, count) }, (_, index) => ({
    id: `r${index}`,
    methods: ['GET'],
    path: `/api/${name}/r${index}/:id`,
  }));
}

const parsed = parseConfig(document, {});
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const proxy = await startProxy({ config: parsed.config });
announce(Number(new URL(proxy.address).port));
process.once('SIGTERM', () => {
  void proxy.stop().finally(() => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
});
