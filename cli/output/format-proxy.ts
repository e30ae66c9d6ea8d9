/** What a proxy knows without a control plane, for a terminal. */
import {
  type CheckedUpstreamStatus,
  formatDuration,
  type ProxySliceStatus,
  type ProxyStatus,
  printable,
} from '@ficus/core';
import { fitTable } from './fit-table.ts';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';
import { widthOf } from './terminal.ts';

const UNKNOWN = 'parity of copies, change stream, verify, leftovers and audit';

/**
 * @param controlFailure why the control plane said nothing; undefined where the config has none
 * @param now in milliseconds
 */
export function formatProxy(proxy: ProxyStatus, controlFailure: string | undefined, now: number): string {
  const why =
    controlFailure === undefined
      ? `This config has no control plane: not known here are ${UNKNOWN}.`
      : `${controlFailure} What follows is the proxy’s own picture; not known are ${UNKNOWN}.`;
  return [
    `${paint('yellow', '!', process.stdout)} ${printable(why)}`,
    '',
    ...describeProcess(proxy, now),
    '',
    proxy.slices.length === 0 ? 'The config has no slices.' : formatSlices(proxy.slices),
    ...(proxy.slices.length === 1 ? ['', ...describeRoutes(proxy.slices[0]!)] : []),
  ].join('\n');
}

function describeProcess(
  { address, startedAt, workers, flags, control, upstreams }: ProxyStatus,
  now: number,
): string[] {
  const since = (iso: string) => formatDuration(Math.max(0, now - Date.parse(iso)));
  const missing = workers.wanted - workers.serving;
  const link = control && (control.connected ? 'connected' : 'not connected');
  return [
    line('proxy', `${address}, up for ${since(startedAt)}`),
    line(
      'workers',
      `${workers.serving} of ${workers.wanted} serve${missing > 0 ? paint('red', ` (${missing} missing)`, process.stdout) : ''}`,
    ),
    line('flags', describeFlags(flags, since)),
    ...upstreams.map((upstream) => line('health', describeHealth(upstream))),
    ...(link === null ? [] : [line('control', `${control?.url}, ${link}`)]),
  ];
}

function describeHealth({ name, state, addresses }: CheckedUpstreamStatus): string {
  const failing = addresses.filter(({ state }) => state === 'unhealthy');
  const why = failing.map(({ address, detail }) => `${address}: ${detail ?? 'it must pass more checks'}`);
  const text = `${name} ${state}${why.length > 0 ? ` (${why.join(', ')})` : ''}`;
  return why.length > 0 ? paint('red', text, process.stdout) : text;
}

function describeFlags(
  { provider, source, receivedAt, lastKnown, problem }: ProxyStatus['flags'],
  since: (iso: string) => string,
): string {
  const where = source === '' ? provider : `${provider} ${source}`;
  const doubt = problem ? paint('yellow', `; ${printable(problem)}`, process.stdout) : '';
  if (receivedAt === null) return `${where}: none received, all are off${doubt}`;
  const age = `received ${since(receivedAt)} ago (${receivedAt})`;
  return lastKnown
    ? paint(
        'yellow',
        `${where}: those of an earlier run, ${age}; the source has not answered since the start`,
        process.stdout,
      )
    : `${where}: ${age}${doubt}`;
}

function formatSlices(slices: readonly ProxySliceStatus[]): string {
  return fitTable(
    ['slice', 'owner', 'serve', 'measured', 'shadow', 'requests', 'failed', 'breaker', 'pins'],
    slices.map(({ name, owner, attempt, serve, shadow, traffic, breakersOpen, pins }) => [
      name,
      `${owner ?? 'none'}${describeAttempt(attempt)}`,
      percent(serve),
      percent(traffic.candidateSharePercent),
      percent(shadow),
      `${traffic.legacy.requests} + ${traffic.candidate.requests}`,
      `${traffic.legacy.failures} + ${traffic.candidate.failures}`,
      breakersOpen === 0 ? 'closed' : paint('red', `open in ${breakersOpen}`, process.stdout),
      String(pins),
    ]),
    widthOf(),
  );
}

/** @param attempt absent from proxies of an earlier version */
function describeAttempt(attempt: ProxySliceStatus['attempt'] | undefined): string {
  if (attempt === undefined || attempt === null) return '';
  const { writes, leaseLeftMs, acknowledged } = attempt;
  const lease = leaseLeftMs > 0 ? formatDuration(leaseLeftMs) : 'no';
  const text = writes === 'held' ? 'writes held' : `writes leased, ${lease} lease left`;
  const counts = acknowledged && `, ${acknowledged.inFlight} in flight, ${acknowledged.held} wait`;
  return paint('yellow', ` (${text}${counts ?? ', not all workers know it yet'})`, process.stdout);
}

const describeRoutes = ({ routes, traffic }: ProxySliceStatus): string[] => [
  ...routes.map(({ id, methods, path, kind }) => line(kind, `${methods.join(',') || 'any'} ${path} (${id})`)),
  line('traffic', `requests and failures: legacy + candidate, in the last ${traffic.windowSeconds} s`),
];

const percent = (value: number | null): string => (value === null ? '–' : `${value} %`);
const line = (name: string, text: string): string => `  ${name.padEnd(10)}${oneLine(text)}`;
