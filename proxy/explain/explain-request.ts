/**
 * Explains, in a worker, what would become of a request: it goes through the steps of request-run.ts up to the decision,
 * with the same functions, and then nowhere. What the decision reads is noted on the way. Nothing is counted, pinned,
 * assigned or sent, except the question to the legacy whose session it is, where that is how callers are identified.
 */
import { catalogue, type ExplainQuestion, type Reason, reasons, refusals, type Side } from '@ficus/core';
import { AMBIGUOUS_PATH, BODY_TOO_LARGE, type Refusal } from '../accept/inspect-head.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { callerOf, type DecideHost, decideRequest, type RequestDecision } from '../decide/decide-request.ts';
import type { Identity } from '../identify/identity.ts';
import { IdentityFindings } from '../identify/quiet-identifier.ts';
import { EVERYBODY } from '../pin/pin-table.ts';
import { exceedsLimit, failsOnBreaker, findRoute, OVERFULL } from '../request/request-run.ts';
import { RequestState } from '../request/request-state.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { LiveRoute } from '../snapshot/live-route.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import { describeRequest } from './described-request.ts';
import { type ExplainedCaller, explainCaller, NOT_ASKED } from './explain-caller.ts';
import { type AskedFlag, type ExplainedFlag, explainFlag } from './explain-flag.ts';
import { describeMatch, type MatchExplanation } from './explain-match.ts';
import { explainNoRoute, routesNear } from './explain-no-route.ts';
import type { ExplainedCandidate, ExplainedPin, ExplainedSlice, WorkerExplanation } from './explanation.ts';

/** Never rejects for anything in the question. */
export async function explainRequest(
  host: RequestHost,
  question: ExplainQuestion,
): Promise<WorkerExplanation> {
  const { snapshot } = host;
  const { request, refusal } = describeRequest(question, snapshot.config.proxy.limits, snapshot.trusted);
  const state = new RequestState(host, request, undefined, undefined);
  // Step 1: accept.
  if (refusal) return refusedBy(refusal, state);
  if (host.shedding) return unserved(OVERFULL, state);
  // Step 2: match.
  if (!findRoute(state)) return refusedBy(AMBIGUOUS_PATH, state);
  if (exceedsLimit(state)) return refusedBy(BODY_TOO_LARGE, state);
  const match = await explainMatched(state);
  // Step 3: identify.
  const findings = new IdentityFindings();
  const isAsked = state.route !== undefined || state.foreignWrites !== undefined;
  if (isAsked) state.identity = await identify(state, question.as, findings);
  const { route } = state;
  // Step 4: decide.
  const found = { match, findings, as: question.as };
  return route === undefined ? explainUnrouted(state, found) : explainDecided(state, route, found);
}

async function explainMatched(state: RequestState): Promise<MatchExplanation> {
  const { snapshot, head, route, foreignWrites } = state;
  const { method } = state.request;
  // A preflight finds the route of the request that it announces, unless a route names OPTIONS.
  const wanted = method === 'OPTIONS' && !route?.config.methods.includes(method) ? head.announced : undefined;
  const near = await routesNear(snapshot, head.path, () => wanted ?? method!);
  const written = (foreignWrites ?? []).map(({ name }) => name);
  return describeMatch(route?.matched, written, near, head);
}

async function identify(
  { snapshot, head }: RequestState,
  as: string | undefined,
  findings: IdentityFindings,
): Promise<Identity> {
  if (as !== undefined) return { user: as, session: undefined, tenant: undefined, uncertain: false };
  return snapshot.identifier.quiet(findings).identify(head, head.rawHeaders);
}

async function explainUnrouted(state: RequestState, found: Found): Promise<WorkerExplanation> {
  const noRoute = await explainNoRoute(state, found.match);
  return {
    ...unexplained(state),
    ...served('legacy', 'no-route'),
    action: noRoute.action,
    match: found.match,
    noRoute,
    caller: state.foreignWrites === undefined ? NOT_ASKED : callerWords(state, found),
    pin: { pinned: false, who: null, wouldPin: slicesPinnedBy(state) },
  };
}

interface Found {
  readonly match: MatchExplanation;
  readonly findings: IdentityFindings;
  readonly as: string | undefined;
}

function explainDecided(state: RequestState, route: LiveRoute, found: Found): WorkerExplanation {
  const { host } = state;
  const { slice } = route;
  const noted: Noted = { flags: new Map() };
  const decision = decideRequest(noteTaker(host, noted), route, state);
  const caller = callerWords(state, found);
  const asked = noted.flags.get(slice.serveFlag)!;
  const flag = explainFlag(
    {
      ...asked,
      isNameless: !['user', 'session', 'bucket'].includes(caller.kind),
      isDrawn: caller.cause === 'new-bucket',
    },
    host.flags.definitionOf(slice.serveFlag),
  );
  const refused = refusalOf(decision, route);
  const pin = explainPin(state, route, decision);
  const words =
    refused === undefined ? served(decision.serve, decision.reason) : refusedWith(refused, decision);
  const candidate = explainCandidate(route);
  const chance = refused === undefined ? chanceOf(decision.reason, flag, candidate) : null;
  return {
    ...unexplained(state),
    ...words,
    means: meansFor(decision.reason, words.means, { caller, flag }),
    action: fillIn(actionFor(decision.reason, words.action, { caller, flag }), slice.name, { caller, flag }),
    chance,
    shadow: refused === undefined && pin.wouldPin.length === 0 ? (decision.shadow ?? null) : null,
    match: found.match,
    caller,
    force: explainForce(state),
    slice: explainSlice(state.host, route, decision),
    pin,
    flag,
    candidate,
  };
}

/** What the decision has read. */
interface Noted {
  readonly flags: Map<string, Omit<AskedFlag, 'isNameless' | 'isDrawn'>>;
}

/** A host that notes the flags that are asked, and on which nothing is counted. */
function noteTaker(host: RequestHost, { flags }: Noted): DecideHost {
  return {
    now: () => host.now(),
    stateOf: (slice) => host.stateOf(slice),
    pins: host.pins,
    elsewhere: { pins: (_slice, key, writes) => writes.some((write) => host.elsewhere.isUnseen(key, write)) },
    snapshot: { force: host.snapshot.force, counters: { add: () => {} } },
    flags: {
      usesAddress: host.flags.usesAddress,
      isEnabled(name, context, stickyBy) {
        const enabled = host.flags.isEnabled(name, context, stickyBy);
        flags.set(name, { name, context, stickyBy, environment: host.flags.environment, enabled });
        return enabled;
      },
    },
  };
}

/** The decision as far as the attempts add to it: a candidate with an open breaker takes no request. */
function refusalOf(decision: RequestDecision, { slice }: LiveRoute): ProblemAnswer | undefined {
  const isOpen = !slice.candidate.breaker.allows(turnNow());
  const fails = failsOnBreaker(decision, slice) || (isOpen && decision.serve === 'candidate');
  return fails ? slice.candidate.breakerOpenAnswer : undefined;
}

/** A candidate that takes no requests leaves nothing to chance. */
function chanceOf(
  reason: Reason,
  { chance, cause }: ExplainedFlag,
  { probeInMs, failsChecks, onBreakerOpen }: ExplainedCandidate,
): WorkerExplanation['chance'] {
  const isTaking = (probeInMs ?? 0) === 0 && !(failsChecks && onBreakerOpen === 'legacy');
  if (chance === null || !isBySide(reason) || !isTaking) return null;
  return { candidate: chance, at: cause === 'chance-once' ? 'first-visit' : 'each-request' };
}

const isBySide = (reason: Reason): boolean => reason === 'serve-flag-on' || reason === 'serve-flag-off';

/** What lies behind the reason, where that says more. */
function meansFor(reason: Reason, means: string, { caller, flag }: Behind): string {
  if (reason === 'caller-unknown') return caller.means;
  return isBySide(reason) && flag.chance !== null ? flag.means : means;
}

/** The remedy of what lies behind the reason, where something does. */
function actionFor(reason: Reason, action: string, { caller, flag }: Behind): string {
  if (reason === 'caller-unknown') return caller.action;
  if (isBySide(reason) && flag.chance !== null) return flag.action;
  if (reason !== 'serve-flag-off') return action;
  return flag.cause === 'caller-without-name' && caller.action !== '' ? caller.action : flag.action;
}

interface Behind {
  readonly caller: ExplainedCaller;
  readonly flag: ExplainedFlag;
}

/** With the slice's name, and the percentage that moves the caller, in place of the words that stand for them. */
function fillIn(action: string, slice: string, { caller, flag }: Behind): string {
  const buckets = flag.strategies.flatMap(({ bucket, unmet }) =>
    bucket === null || unmet.length > 0 ? [] : bucket,
  );
  // A caller without a name is moved last.
  if (buckets.length === 0 && caller.kind === 'anonymous') buckets.push(100);
  const percent = buckets.length === 0 ? 'PERCENT' : String(Math.min(...buckets));
  return action.replaceAll('SLICE', slice).replaceAll('PERCENT', percent);
}

function callerWords(state: RequestState, { as, findings }: Pick<Found, 'as' | 'findings'>): ExplainedCaller {
  const { route, identity, head, snapshot } = state;
  const { identify } = snapshot.config.proxy;
  const bucket = route === undefined ? undefined : bucketOf(route, state);
  return explainCaller({ identify, identity, head, findings, as, bucket });
}

function bucketOf({ slice }: LiveRoute, state: RequestState): 'own' | 'new' | undefined {
  const { user, session } = state.identity;
  const { caller, newBucket } = callerOf(slice, state);
  if (user !== undefined || session !== undefined || caller === undefined) return undefined;
  return newBucket === undefined ? 'own' : 'new';
}

function explainForce({ head, snapshot, host }: RequestState): WorkerExplanation['force'] {
  if (head.force === undefined) return null;
  const { force } = snapshot;
  if (force === undefined) return { side: null, text: 'counts for nothing: the config has no proxy.force' };
  const side = force.read(head.force, head.clientAddress, host.now()) ?? null;
  if (side !== null)
    return { side, text: `chooses the ${side}, for reads and writes of slices without tables` };
  return {
    side,
    text: 'counts for nothing: it names no side, is not signed with proxy.force.secret, has expired, or comes from outside proxy.force.trustedNetworks',
  };
}

function explainSlice(
  host: RequestHost,
  { slice, config }: LiveRoute,
  { state }: RequestDecision,
): ExplainedSlice {
  const passes = state.writes === 'open' || host.passage(slice.name) === 'pass';
  return {
    name: slice.name,
    hasTables: slice.hasTables,
    kind: config.kind,
    owner: state.owner,
    epoch: state.epoch,
    writes: state.writes,
    heldForMs: passes ? null : state.waitMs,
    guards: Object.keys(slice.config.guards ?? {}),
  };
}

function explainPin(state: RequestState, { slice }: LiveRoute, { pinned }: RequestDecision): ExplainedPin {
  const isForAll = pinned && state.host.pins.isPinned(slice.name, EVERYBODY);
  return { pinned, who: pinned ? (isForAll ? 'all' : 'caller') : null, wouldPin: slicesPinnedBy(state) };
}

function slicesPinnedBy({ route, foreignWrites, isPreflight }: RequestState): string[] {
  const writes = route?.config.kind === 'write' && route.slice.hasTables && !isPreflight;
  const written = (foreignWrites ?? []).map(({ name }) => name);
  return [...new Set([...(writes ? [route.slice.name] : []), ...written])];
}

function explainCandidate({ slice: { candidate, config } }: LiveRoute): ExplainedCandidate {
  const { breaker, upstream } = candidate;
  return {
    breaker: breaker.state,
    probeInMs: breaker.state === 'closed' ? null : Math.ceil(breaker.probeInMs(turnNow())),
    failsChecks: candidate.failsChecks,
    onBreakerOpen: config.onBreakerOpen,
    addressesOut: upstream.stats.addressesOut,
  };
}

type Served = Pick<WorkerExplanation, 'serve' | 'reason' | 'means' | 'action' | 'answer'>;

function served(serve: Side, reason: Reason): Served {
  const { means, action } = reasons[reason];
  return { serve, reason, means, action, answer: null };
}

/** Its circuit breaker is open, whatever chose the candidate. */
function refusedWith({ code, detail }: ProblemAnswer, { reason }: Pick<RequestDecision, 'reason'>): Served {
  const { status } = catalogue[code];
  const { action } = reasons['breaker-open'];
  return { serve: null, reason, means: reasons[reason].means, action, answer: { status, code, detail } };
}

function refusedBy({ status, reason, detail }: Refusal, state: RequestState): WorkerExplanation {
  const { means, action } = refusals[reason];
  const answer = { status, code: null, detail };
  return {
    ...unexplained(state),
    serve: null,
    reason,
    means,
    action,
    answer,
    match: { kind: 'refused', status, reason: detail },
  };
}

function unserved({ code, detail }: ProblemAnswer, state: RequestState): WorkerExplanation {
  const { status, title, remedy } = catalogue[code];
  return {
    ...unexplained(state),
    serve: null,
    reason: code,
    means: title,
    action: remedy,
    answer: { status, code, detail },
    match: { kind: 'refused', status, reason: detail },
  };
}

type Unexplained = Omit<WorkerExplanation, keyof Served | 'match'>;

/** What a request has that goes no further. */
function unexplained({ request, head, snapshot, isPreflight }: RequestState): Unexplained {
  return {
    method: request.method!,
    // Refused before its path was read.
    path: head.path || head.target.split('?', 1)[0]!,
    shadow: null,
    chance: null,
    noRoute: null,
    preflight: isPreflight,
    caller: NOT_ASKED,
    force: null,
    slice: null,
    pin: null,
    flag: null,
    candidate: null,
    generation: snapshot.generation,
  };
}
