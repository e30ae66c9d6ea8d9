/** Between two cells: everything runs, and the owner is the one that the next cell begins with. */
import type { CutoverView } from '@ficus/contract';
import type { Side } from '@ficus/core';
import { PROXIES, SLICE, type Stage, WORKERS } from './stage.ts';
import { waitUntil } from './wait-until.ts';

const READY_MS = 60_000;
/** The control plane looks every three seconds. */
const OBSERVE_MS = 8_000;
const ATTEMPT_MS = 30_000;
const MOST_TRIES = 5;

/** Copied, compared, its writers known, changed once in both directions: both fences stand, both streams run. */
export async function bringUp(stage: Stage): Promise<void> {
  const { client, load } = stage;
  await waitFor(async () => (await client.slice(SLICE)).replication?.copied === true, 'the first copy');
  await client.observeWriters(SLICE, { on: true });
  await explainWriters(stage);
  await waitFor(async () => (await client.verify(SLICE)).verdict === 'match', 'both databases to be equal');
  load.openSideDoors({ legacy: stage.url('legacy'), candidate: stage.url('candidate') });
  await settle(stage, 'candidate');
  await settle(stage, 'legacy');
}

/** @throws Error naming what does not come to rest */
export async function settle(stage: Stage, owner: Side): Promise<void> {
  const { client } = stage;
  if (!stage.control.alive) await stage.startControl();
  await forgetKilledProxies(stage);
  await prepare(stage);
  for (let tries = 1; (await client.cutoverState(SLICE)).owner !== owner; tries += 1) {
    const { attempt } = await changeOwner(stage, owner);
    if (attempt?.state !== 'done' && tries === MOST_TRIES)
      throw new Error(`no change of owner: ${describeAttempt(attempt)}`);
    await prepare(stage);
  }
}

/** A cutover wants to know who writes; a rollback wants nothing. */
async function prepare(stage: Stage): Promise<void> {
  const { client } = stage;
  const since = Date.now();
  await waitFor(
    async () => (await isReady(stage)) && (await areWhole(stage, since)),
    'streams and proxies to run',
  );
  if ((await client.cutoverState(SLICE)).owner === 'candidate') return;
  await explainWriters(stage);
}

/** What a fence could not note on a busy machine is observed again, as the command says. */
async function explainWriters({ client }: Stage): Promise<void> {
  let reasons: readonly string[] = [];
  const known = async () => {
    const verdict = await client.writers(SLICE);
    reasons = verdict.reasons;
    return verdict.answer === 'pass';
  };
  if (await waitUntil(known, OBSERVE_MS)) return;
  await client.observeWriters(SLICE, { on: true, again: true });
  if (!(await waitUntil(known, READY_MS))) throw new Error(`writers: ${reasons.join(' ')}`);
}

export async function order({ client }: Stage, owner: Side): Promise<CutoverView> {
  return owner === 'candidate' ? client.cutover(SLICE) : client.rollback(SLICE);
}

async function changeOwner(stage: Stage, owner: Side): Promise<CutoverView> {
  await order(stage, owner);
  await waitFor(
    async () => isOver(await stage.client.cutoverState(SLICE)),
    'a plain attempt to end',
    ATTEMPT_MS,
  );
  return stage.client.cutoverState(SLICE);
}

const describeAttempt = (attempt: CutoverView['attempt']): string =>
  attempt
    ? `${attempt.operation} ${attempt.state} in ${attempt.step}: ${attempt.failure?.message}`
    : 'no attempt';

export const isOver = ({ attempt }: CutoverView): boolean => attempt !== null && attempt.finishedAt !== null;

/** A proxy that was killed is waited for during its minute: a control plane that starts has not heard of it. */
async function forgetKilledProxies(stage: Stage): Promise<void> {
  const proxies = await stage.client.proxies().catch(() => []);
  if (proxies.length <= PROXIES) return;
  await stage.control.stop();
  await stage.startControl();
}

/** By reports that are newer than what was hit. */
async function areWhole({ client, proxies }: Stage, since: number): Promise<boolean> {
  const reported = await client.proxies();
  const running = await Promise.all(proxies.map((proxy) => proxy.workers()));
  return (
    reported.length === PROXIES &&
    reported.every(({ workers, lastReportAt }) => workers === WORKERS && Date.parse(lastReportAt) > since) &&
    running.every((workers) => workers.length === WORKERS)
  );
}

async function isReady({ client, load }: Stage): Promise<boolean> {
  const [{ replication, rollback }, state] = await Promise.all([
    client.slice(SLICE),
    client.cutoverState(SLICE),
  ]);
  const streams =
    replication?.state === 'streaming' && (state.owner === 'legacy' || rollback.answer === 'pass');
  const rests = state.attempt === null || isOver(state);
  return streams && rests && state.inconsistency === null && (await load.flows(PROXIES, 2_000));
}

async function waitFor(condition: () => Promise<boolean>, what: string, timeoutMs = READY_MS): Promise<void> {
  if (!(await waitUntil(condition, timeoutMs))) throw new Error(`timed out: ${what}`);
}
