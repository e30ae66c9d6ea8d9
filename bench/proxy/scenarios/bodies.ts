/**
 * Bodies beside nginx, down and up, by length and chunked: CPU per megabyte, megabytes a second, resident memory. For
 * downloads the bound applies to the CPU alone: on two cores, load and upstream share one and decide how many megabytes
 * there are in a second, and then the two proxies differ in how much of their own core stays idle.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { atLeast, atMost, formatTable, notMeasured } from '../../report.ts';
import { median, medianRatio, rounded } from '../../statistics.ts';
import { type Backend, BODY_SIZES, STREAM_BYTES, startBodiesBackend } from '../backend.ts';
import { type BenchContext, type LoadShape, measure, startChecked } from '../bench-context.ts';
import { nginx, ours, type RunningPeer } from '../peers.ts';

const MEGABYTE = 1024 * 1024;
/**
 * Growth of resident memory after the first round that still counts as flat: nurseries, socket buffers, pages not given
 * back.
 */
const FLAT_MB = 96;
/** A new code path is compiled for seconds, beside the requests. */
const WARM_UP_SECONDS = 5;
/** Ours over nginx, in CPU per megabyte: for small bodies the request's own cost is nearly all of it. */
const MOST_OF_NGINX = 1.5;
/** Ours over nginx, in megabytes of uploads a second. */
const LEAST_OF_NGINX = 0.9;

interface Body {
  readonly name: string;
  readonly shape: LoadShape;
  /** Bytes of one body. */
  readonly bytes: number;
  /** The bound applies to it. */
  readonly bound: boolean;
  /** Its rate has a bound as well. */
  readonly upload?: boolean;
}

const DOWN: readonly Body[] = (['1k', '64k', '1m'] as const).map((size) => ({
  name: `${size} down`,
  shape: { path: `/files/${size}` },
  bytes: BODY_SIZES[size],
  bound: size !== '1k',
}));

const UP: readonly Body[] = (['64k', '1m'] as const).map((size) => ({
  name: `${size} up`,
  shape: { path: '/upload/count', uploadBytes: BODY_SIZES[size] },
  bytes: BODY_SIZES[size],
  bound: true,
  upload: true,
}));

const STREAM: Body = { name: 'stream', shape: { path: '/stream' }, bytes: STREAM_BYTES, bound: true };

export async function bodies(context: BenchContext): Promise<void> {
  const rows: string[][] = [];
  rows.push(...(await compare(context, context.backend, DOWN, false)));
  const backend = await startBodiesBackend(context.otherCore);
  rows.push(...(await compare(context, backend, [...UP, STREAM], true)));
  await backend.stop();
  const titles = [
    'body',
    'ours MB/s',
    'nginx MB/s',
    'ratio',
    'ours µs/MB',
    'nginx µs/MB',
    'ratio',
    'memory MB',
  ];
  context.say(formatTable([titles, ...rows]));
  if (nginx.missing() !== undefined) {
    notMeasured(context.report, 'CPU per MB, ours / nginx', 'ratio', `<= ${MOST_OF_NGINX}`, nginx.missing()!);
  }
}

/** Ours beside nginx, in front of the same backend. */
async function compare(
  context: BenchContext,
  backend: Backend,
  list: readonly Body[],
  uploads: boolean,
): Promise<string[][]> {
  const peers: RunningPeer[] = [];
  for (const peer of [ours(), nginx]) {
    if (peer.missing() !== undefined) continue;
    if (!uploads) peers.push(await startChecked(context, peer));
    else {
      const running = await peer.start(backend.port, context.proxyCore);
      await assertBodies(running);
      peers.push(running);
    }
  }
  const rows: string[][] = [];
  for (const body of list) rows.push(await measureBody(context, peers, body));
  for (const peer of peers) await peer.stop();
  return rows;
}

async function measureBody(
  context: BenchContext,
  peers: readonly RunningPeer[],
  body: Body,
): Promise<string[]> {
  const { report, options } = context;
  const shape = { connections: 16, seconds: Math.min(2, options.seconds), ...body.shape };
  for (const peer of peers) await measure(context, peer, { ...shape, seconds: WARM_UP_SECONDS });
  const ourProcess = peers[0]!.process;
  const before = ourProcess.residentBytes();
  const seen = peers.map(() => ({ rates: [] as number[], costs: [] as number[] }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [at, peer] of peers.entries()) {
      const { cpuUs, rate } = await measure(context, peer, shape);
      seen[at]!.rates.push((rate * body.bytes) / MEGABYTE);
      seen[at]!.costs.push((cpuUs * MEGABYTE) / body.bytes);
    }
  }
  const grownMb = rounded((ourProcess.residentBytes() - before) / MEGABYTE, 1);
  const [own, theirs] = seen.map(({ rates, costs }) => ({ rate: median(rates), cost: median(costs) }));
  const of = (key: 'rates' | 'costs'): number | undefined =>
    seen[1] && rounded(medianRatio(seen[0]![key], seen[1][key]));
  const figures = {
    mbPerSecond: { ours: rounded(own!.rate, 1), nginx: theirs && rounded(theirs.rate, 1) },
    mbPerSecondToNginx: of('rates'),
    cpuUsPerMb: { ours: rounded(own!.cost, 0), nginx: theirs && rounded(theirs.cost, 0) },
    cpuToNginx: of('costs'),
    grownMb,
  };
  report.figures.bodies = { ...(report.figures.bodies as object | undefined), [body.name]: figures };
  atMost(report, `memory growth, ${body.name}`, grownMb, 'MB', FLAT_MB);
  if (body.bound && figures.cpuToNginx !== undefined) {
    atMost(report, `CPU per MB, ${body.name}, ours / nginx`, figures.cpuToNginx, 'ratio', MOST_OF_NGINX);
  }
  if (body.upload && figures.mbPerSecondToNginx !== undefined) {
    const name = `MB/s, ${body.name}, ours / nginx`;
    atLeast(report, name, figures.mbPerSecondToNginx, 'ratio', LEAST_OF_NGINX);
  }
  const { mbPerSecond, mbPerSecondToNginx, cpuUsPerMb, cpuToNginx } = figures;
  const cells = [mbPerSecond.ours, mbPerSecond.nginx, mbPerSecondToNginx, cpuUsPerMb.ours, cpuUsPerMb.nginx];
  return [body.name, ...[...cells, cpuToNginx, grownMb].map((cell) => String(cell ?? '-'))];
}

/** Everything sent must arrive, and everything that comes back must be complete. */
async function assertBodies({ port, name }: RunningPeer): Promise<void> {
  const sent = randomBytes(BODY_SIZES['1m']);
  const hash = (await ask(port, 'POST', '/upload/hash', sent)).toString();
  if (hash !== createHash('sha256').update(sent).digest('hex')) throw new Error(`${name} damages uploads`);
  const streamed = await ask(port, 'GET', '/stream');
  if (streamed.length !== STREAM_BYTES || streamed.some((byte) => byte !== 97)) {
    throw new Error(`${name} damages streams`);
  }
}

async function ask(port: number, method: string, path: string, body?: Buffer): Promise<Buffer> {
  const headers = body === undefined ? {} : { 'content-length': body.length };
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
