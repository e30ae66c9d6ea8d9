/** `ficus explain`: the whole decision about one request, for a terminal. */
import type { ExplainedCaller, ExplainedFlag, Explanation } from '@ficus/proxy';
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
  ].join('\n');
}

function headline({ method, path, serve, reason, answer }: Explanation): string {
  const request = paint('bold', `${method} ${path}`, process.stdout);
  if (serve === null) return `${request} is answered by the proxy with ${answer?.status}: ${reason}`;
  return `${request} is served by the ${paint(serve === 'candidate' ? 'green' : 'cyan', serve, process.stdout)}: ${reason}`;
}

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

function callerLines({ kind, name, source, means, detail }: ExplainedCaller): Line[] {
  const who = kind === 'user' || kind === 'session' ? `${kind} ${name ?? '(named by the request)'}` : kind;
  const from = source === null ? '' : ` (${source})`;
  return [['caller', `${who}${from}`], ['', means], ...(detail === null ? [] : [['', detail] as const])];
}

function flagLines({ name, enabled, percent, means, strategies }: ExplainedFlag): Line[] {
  const share = percent === null ? 'for a cohort' : `share ${percent} %`;
  return [
    ['flag', `${name} is ${enabled ? 'on' : 'off'} for this caller, ${share}`],
    ['', means],
    ...strategies.map((strategy) => ['', strategyWords(strategy)] as const),
  ];
}

function strategyWords(strategy: ExplainedFlag['strategies'][number]): string {
  const { name, includes, share, bucket, stickiness, unmet } = strategy;
  const parts = [
    ...(share === null ? [] : [`${share} % by ${stickiness}`]),
    ...(bucket === null ? [] : [`bucket of this caller ${bucket}`]),
    ...unmet.map((one) => `not met: ${one}`),
  ];
  return `strategy ${name} ${includes ? 'includes' : 'leaves out'} the caller${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
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

function sliceLines({ slice, shadow, control }: Explanation): Line[] {
  if (slice === null) return [];
  const { hasTables, owner, epoch, writes, heldForMs, guards } = slice;
  const away = control === 'away' ? ', as last known: the control plane is away' : '';
  const owned = hasTables ? `the ${owner}, epoch ${epoch}${away}` : 'none: the slice has no tables';
  return [
    ['owner', owned],
    ...(writes === 'held'
      ? [['held', `writes wait for ${heldForMs} ms at most, then they are refused`] as const]
      : []),
    ...(shadow === null ? [] : [['copy', `goes to the ${shadow}`] as const]),
    ...(guards.length === 0
      ? []
      : [['guards', `${guards.join(', ')}: asked before the share is raised`] as const]),
  ];
}

function candidateLines({ candidate }: Explanation): Line[] {
  if (candidate === null) return [];
  const { breaker, probeInMs, failsChecks, onBreakerOpen, addressesOut } = candidate;
  const checks = failsChecks ? 'health checks fail, ' : '';
  const probe = probeInMs === null ? '' : `, next probe in ${probeInMs} ms`;
  const then = breaker === 'closed' ? '' : `; meanwhile ${onBreakerOpen === 'fail' ? '503' : 'the legacy'}`;
  const out = addressesOut === 0 ? '' : `, addresses ejected: ${addressesOut}`;
  return [['candidate', `${checks}breaker ${breaker}${probe}${then}${out}`]];
}

function workersLine({ workers: { asked, agree, differ, silent } }: Explanation): Line {
  const others = differ.map(({ count, serve, reason }) => `${count}: ${serve ?? 'the proxy'}, ${reason}`);
  const parts = [...others, ...(silent === 0 ? [] : [`${silent} without an answer`])];
  return ['workers', `${agree} of ${asked} decide so${parts.length > 0 ? `; ${parts.join('; ')}` : ''}`];
}
