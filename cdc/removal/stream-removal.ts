/** Plans and carries out the removal of a slice's streams, database by database; one that is away stops no other. */
import type pg from 'pg';
import { connectTo } from '../engine/connect-to.ts';
import { describeConnectError } from '../preflight/describe-connect-error.ts';
import { endClient } from '../source/end-client.ts';
import { readPlace } from '../source/read-place.ts';
import { nameStream } from '../source/stream-names.ts';
import { findRoles } from './find-roles.ts';
import { planFence } from './plan-fence.ts';
import { planSource } from './plan-source.ts';
import { planTarget, readTargetState } from './plan-target.ts';
import type { DatabasePart, RemovalPlan, RemovalStep, StepResult } from './removal-plan.ts';

export interface StreamRemovalInput {
  readonly slice: string;
  /** The legacy's; undefined when it is not known. */
  readonly sourceUrl: string | undefined;
  /** The candidate's: one, or several when the slice has moved to another database. */
  readonly targetUrls: readonly string[];
  /** Slots of either direction that are known to be this installation's. */
  readonly slots: readonly string[];
  /** No other stream is left: the roles are not needed any more. */
  readonly last: boolean;
}

export interface StreamRemoval {
  readonly source: DatabasePart | undefined;
  /** In the order of the URLs. */
  readonly targets: readonly DatabasePart[];
}

type Reached = { readonly client: pg.Client } | { readonly problem: string };

const ANSWER_MS = 5_000;

/** Both directions of a slice. Read-only. Never rejects because of a database. */
export async function planStreamRemoval(input: StreamRemovalInput): Promise<StreamRemoval> {
  const { slice, sourceUrl, targetUrls } = input;
  const slots = [...input.slots];
  const source = sourceUrl === undefined ? undefined : await reach(sourceUrl);
  try {
    // The checkpoint of the stream back is in the legacy's database, and names a slot of the candidate's.
    if (source && 'client' in source) slots.push(...(await slotsOf(source.client, slice)));
    const targets: DatabasePart[] = [];
    for (const url of targetUrls)
      targets.push(
        await within(url, async (client) => {
          slots.push(...(await slotsOf(client, slice)), ...(await namedSlots(slice, source, client)));
          return planSide(client, input, 'reverse', slots);
        }),
      );
    if (sourceUrl === undefined || !source) return { source: undefined, targets };
    const planned = await asking(source, sourceUrl, (client) => planSide(client, input, 'forward', slots));
    return { source: planned, targets };
  } finally {
    if (source && 'client' in source) await endClient(source.client);
  }
}

/**
 * What a database has as the source of one direction, as the target of the other, and as a fence.
 * @param direction the one whose source it is
 */
async function planSide(
  client: pg.Client,
  { slice, last }: StreamRemovalInput,
  direction: 'forward' | 'reverse',
  slots: readonly string[],
): Promise<RemovalPlan> {
  const { publication } = nameStream(slice, direction, '');
  const plans = [
    await planSource(client, { slots, publication }),
    await planTarget(client, slice, direction === 'reverse'),
    await planFence(client, slice),
  ];
  return withRoles(client, last, {
    steps: plans.flatMap(({ steps }) => steps),
    remnants: plans.flatMap(({ remnants }) => remnants),
    inUse: plans.find(({ inUse }) => inUse !== undefined)?.inUse,
  });
}

/** One slot alone. */
export function planSlotRemoval(sourceUrl: string, slot: string): Promise<DatabasePart> {
  return within(sourceUrl, (client) => planSource(client, { slots: [slot], publication: undefined }));
}

/** Runs steps one after another; after a failed step the others are tried, except when it had to come first. */
export async function runRemoval(url: string, steps: readonly RemovalStep[]): Promise<StepResult[]> {
  const reached = await reach(url);
  if ('problem' in reached) return steps.map(() => ({ outcome: 'failed', problem: reached.problem }));
  const { client } = reached;
  try {
    const results: StepResult[] = [];
    let stopped = false;
    for (const { sql, first } of steps) {
      const result: StepResult = stopped ? { outcome: 'kept' } : await runStep(client, sql);
      stopped ||= result.outcome === 'failed' && first === true;
      results.push(result);
    }
    return results;
  } finally {
    await endClient(client);
  }
}

async function runStep(client: pg.Client, sql: string): Promise<StepResult> {
  try {
    await client.query(sql);
    return { outcome: 'done' };
  } catch (error) {
    // A step of several statements may have left its transaction open.
    await client.query('ROLLBACK').catch(() => undefined);
    const { message, detail } = error as Error & { detail?: string };
    return { outcome: 'failed', problem: detail === undefined ? message : `${message} (${detail})` };
  }
}

async function reach(url: string): Promise<Reached> {
  try {
    return { client: await connectTo(url, 'ficus remove', ANSWER_MS) };
  } catch (error) {
    return { problem: describeConnectError(url, error) };
  }
}

async function within(url: string, plan: (client: pg.Client) => Promise<RemovalPlan>): Promise<DatabasePart> {
  const reached = await reach(url);
  try {
    return await asking(reached, url, plan);
  } finally {
    if ('client' in reached) await endClient(reached.client);
  }
}

async function asking(
  reached: Reached,
  url: string,
  plan: (client: pg.Client) => Promise<RemovalPlan>,
): Promise<DatabasePart> {
  if ('problem' in reached) return { kind: 'unreachable', problem: reached.problem };
  try {
    return { kind: 'planned', plan: await plan(reached.client) };
  } catch (error) {
    return { kind: 'unreachable', problem: describeConnectError(url, error) };
  }
}

/** An older version created slots without recording them, and a first start may have come no further than the slot. */
async function namedSlots(slice: string, source: Reached | undefined, target: pg.Client): Promise<string[]> {
  if (!source || !('client' in source)) return [];
  return [
    nameStream(slice, 'forward', await readPlace(source.client, target)).slot,
    nameStream(slice, 'reverse', await readPlace(target, source.client)).slot,
  ];
}

/** Of a database that cannot be asked, nothing: its part of the plan says so. */
async function slotsOf(client: pg.Client, slice: string): Promise<readonly string[]> {
  return readTargetState(client, slice).then(
    ({ slots }) => slots,
    () => [],
  );
}

async function withRoles(client: pg.Client, last: boolean, plan: RemovalPlan): Promise<RemovalPlan> {
  return last ? { ...plan, remnants: [...plan.remnants, ...(await findRoles(client))] } : plan;
}
