/** `ficus explain`: the whole decision about one request, for a terminal. */
import type { ExplainedCaller, ExplainedFlag, Explanation } from '@ficus/proxy';
import { oneLine } from './one-line.ts';
import { paint } from './paint.ts';

export function formatDecision(explanation: Explanation): string {
  const { means, action, noRoute } = explanation;
  return [
    headline(explanation),
    `  ${means}`,
    ...(noRoute === null ? [] : [`  ${noRoute.means}`, ...noRoute.near.map((near) => `    near: ${near}`)]),
    ...(action === '' ? [] : [`  ${paint('bold', 'what to do', process.stdout)}: ${action}`]),
    '',
    ...linesOf(explanation).map(([name, text]) => `  ${name.padEnd(11)}${text}`),
  ]
    .map(oneLine)
    .join('\n');
}

function headline(explanation: Explanation): string {
  const { method, path, serve, reason, answer, chance } = explanation;
  const request = paint('bold', `${method} ${path}`, process.stdout);
  if (chance !== null) {
    const when = chance.at === 'first-visit' ? 'the first visit' : 'each request';
    return `${request} is decided by chance at ${when}: ${chance.candidate} % candidate`;
  }
  if (serve === null) return `${request} is answered by the proxy with ${answer?.status}: ${reason}`;
  return `${request} is served by the ${paint(serve === 'candidate' ? 'green' : 'cyan', serve, process.stdout)}: ${reason}${isProbe(explanation) ? ', as the probe of its circuit breaker' : ''}`;
}

/** The breaker's wait is over: the next request to the candidate is its probe, and this would be it. */
const isProbe = ({ serve, candidate }: Explanation): boolean =>
  serve === 'candidate' && candidate?.probeInMs === 0;

type Line = readonly [name: string, text: string];

function linesOf(explanation: Explanation): Line[] {
  const { caller, flag, force } = explanation;
  return [
    ...routeLines(explanation),
    ...(caller.cause === 'not-asked' ? [] : callerLines(caller)),
    ...(flag === null ? [] : [...flagLines(flag), flagsLine(explanation)]),
    ...(force === null ? [] : [['override', `x-ficus-force ${force.text}`] as const]),
    ...pinLines(explanation),
    ...sliceLines(explanation),
    ...candidateLines(explanation),
    workersLine(explanation),
  ];
}

function routeLines({ match, preflight, answer }: Explanation): Line[] {
  const refused: Line[] = answer === null ? [] : [['answer', `${answer.status}: ${answer.detail}`]];
  if (match.kind !== 'matched') return refused;
  const { winner, why, missed } = match;
  const of = preflight ? ', for the request that this preflight announces' : '';
  return [
    ['route', `${winner.slice} / ${winner.route} (${winner.pattern}), a ${winner.kind}${of}: ${why}`],
    ...winner.needs.map((need) => ['', `its condition holds: ${need}`] as const),
    ...missed.map(
      (route) =>
        [
          '',
          `not ${route.slice} / ${route.route} (${route.pattern}), unless ${route.unmet.join(' and ')}`,
        ] as const,
    ),
    ...refused,
  ];
}

function callerLines({ kind, name, source, cause, means, detail }: ExplainedCaller): Line[] {
  const who = kind === 'user' || kind === 'session' ? `${kind} ${name ?? '(named by the request)'}` : kind;
  const from = source === null ? '' : ` (${cause === 'no-credentials' ? 'no ' : ''}${source})`;
  return [['caller', `${who}${from}`], ['', means], ...(detail === null ? [] : [['', detail] as const])];
}

function flagLines({ name, enabled, percent, chance, means, strategies }: ExplainedFlag): Line[] {
  const share = percent === null ? 'for a cohort' : `share ${percent} %`;
  const is =
    chance === null ? `${enabled ? 'on' : 'off'} for this caller` : `on for ${chance} % of such callers`;
  return [
    ['flag', `${name} is ${is}, ${share}`],
    ['', means],
    ...strategies.map((strategy) => ['', strategyWords(strategy)] as const),
  ];
}

function strategyWords(strategy: ExplainedFlag['strategies'][number]): string {
  const { name, includes, share, bucket, byChance, stickiness, unmet } = strategy;
  const parts = [
    ...(share === null ? [] : [`${share} % by ${stickiness}`]),
    ...(bucket === null ? [] : [`bucket of this caller ${bucket}`]),
    ...unmet.map((one) => `not met: ${one}`),
  ];
  const does = byChance ? 'draws' : `${includes ? 'includes' : 'leaves out'} the caller`;
  return `strategy ${name} ${does}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

function flagsLine({ flags: { provider, state, receivedAt, problem } }: Explanation): Line {
  const since = receivedAt === null ? '' : `, received ${receivedAt}`;
  return ['flags from', `${provider}: ${state}${since}${problem === null ? '' : ` (${problem})`}`];
}

function pinLines({ pin, slice }: Explanation): Line[] {
  if (pin === null) return [];
  const { pinned, who, wouldPin } = pin;
  const now =
    who === 'all' ? 'all users are pinned: there were too many writers' : 'the caller is pinned by a write';
  return [
    ...(pinned || slice?.hasTables ? [['pin', pinned ? now : 'none'] as const] : []),
    ...(wouldPin.length === 0
      ? []
      : [
          [
            'pins',
            `the caller’s reads of ${wouldPin.join(', ')}, until the stream has applied the write`,
          ] as const,
        ]),
  ];
}

function writesLines(
  writes: NonNullable<Explanation['slice']>['writes'],
  heldForMs: number | null,
): readonly (readonly [string, string])[] {
  if (writes === 'open') return [];
  if (heldForMs === null)
    return [['leased', 'a cutover has begun: writes are sent while the lease is valid']];
  const why = writes === 'held' ? '' : 'without a valid lease of the control plane, ';
  return [['held', `${why}writes wait for ${heldForMs} ms at most, then they are refused`]];
}

function sliceLines({ slice, shadow, control, chance }: Explanation): Line[] {
  if (slice === null) return [];
  const { hasTables, owner, epoch, writes, heldForMs, guards } = slice;
  const away = control === 'away' ? ', as last known: the control plane is away' : '';
  const owned = hasTables ? `the ${owner}, epoch ${epoch}${away}` : 'none: the slice has no tables';
  return [
    ['owner', owned],
    ...writesLines(writes, heldForMs),
    // Which side gets a copy is a matter of the same draw.
    ...(shadow === null || chance !== null ? [] : [['copy', `goes to the ${shadow}`] as const]),
    ...(guards.length === 0
      ? []
      : [['guards', `${guards.join(', ')}: asked before the share is raised`] as const]),
  ];
}

function candidateLines(explanation: Explanation): Line[] {
  const { candidate } = explanation;
  if (candidate === null) return [];
  const { breaker, probeInMs, failsChecks, onBreakerOpen, addressesOut } = candidate;
  const checks = failsChecks ? 'health checks fail, ' : '';
  const otherwise = onBreakerOpen === 'fail' ? '503' : 'the legacy';
  const out = addressesOut === 0 ? '' : `, addresses ejected: ${addressesOut}`;
  const which = isProbe(explanation) ? 'this request would be' : 'the next request to it is';
  const probe =
    probeInMs === 0
      ? `, its wait is over: ${which} the probe; until that has succeeded, ${otherwise} for the others`
      : `, next probe in ${probeInMs} ms; meanwhile ${otherwise}`;
  return [['candidate', `${checks}breaker ${breaker}${probeInMs === null ? '' : probe}${out}`]];
}

function workersLine({ workers: { asked, agree, differ, silent } }: Explanation): Line {
  const others = differ.map(({ count, serve, reason }) => `${count}: ${serve ?? 'the proxy'}, ${reason}`);
  const parts = [...others, ...(silent === 0 ? [] : [`${silent} without an answer`])];
  return ['workers', `${agree} of ${asked} decide so${parts.length > 0 ? `; ${parts.join('; ')}` : ''}`];
}
