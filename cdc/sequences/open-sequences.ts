/**
 * The sequences of a slice's new owner, for one cutover or rollback. The coordinator sets them ahead at arm and compares
 * them in the hold, over two sessions that stay open in between; the preflight only looks.
 */
import { FicusError, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import type { Finding } from '../preflight/finding.ts';
import { openDatabase } from '../preflight/open-database.ts';
import { evaluateBusy, evaluateSequences } from './evaluate-sequences.ts';
import { type Judgement, judgeSequence } from './judge-sequence.ts';
import { planSequences } from './plan-sequences.ts';
import { type Raised, raiseSequence } from './raise-sequence.ts';
import { readReadings, type SequenceClients } from './read-readings.ts';
import type { SequenceFacts } from './sequence-facts.ts';
import { columnName, type Operation, type SequencePlan } from './sequence-plan.ts';

export interface SequencesOptions {
  readonly slice: string;
  readonly operation: Operation;
  readonly tables: readonly TableConfig[];
  readonly legacyUrl: string;
  readonly candidateUrl: string;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
  /** Values beyond those in use; by default 10,000, and twice what the old owner's sessions may have in their caches. */
  readonly headroom?: bigint;
}

/** One sequence of the new owner, as the API and the terminal show it. */
export interface SequenceState {
  readonly sequence: string;
  /** Columns that draw from it: `public.orders.id`. */
  readonly columns: readonly string[];
  /** The value that it gives next, and the first that it may give; as texts, as they may exceed 2^53. */
  readonly next: string;
  readonly need: string;
  readonly ahead: boolean;
  /** It was set by this call. */
  readonly set: boolean;
}

export interface SequenceReport {
  /** Whether all of them are ahead, as far as they can be seen. */
  readonly ahead: boolean;
  readonly sequences: readonly SequenceState[];
  /** Of severity `error`: the cutover must not be carried out. */
  readonly findings: readonly Finding[];
}

export interface Sequences {
  /** What setAhead would find; changes nothing. */
  look(): Promise<SequenceReport>;
  /** Reads alone, one round trip to each side at the same time: for the hold. */
  compare(): Promise<SequenceReport>;
  /** Sets what is not far enough ahead; never back, and safe to repeat. */
  setAhead(): Promise<SequenceReport>;
  close(): Promise<void>;
}

/** @throws FicusError when a database cannot be reached, or the mapping does not fit */
export async function openSequences(options: SequencesOptions): Promise<Sequences> {
  const { slice, legacyUrl, candidateUrl } = options;
  const application = { applicationName: `ficus ${slice} sequences`.slice(0, 63) };
  const [legacy, candidate] = await Promise.all([
    openDatabase('legacy.database', legacyUrl, application),
    openDatabase(`slices.${slice}.candidate.database`, candidateUrl, application),
  ]);
  const close = async () => {
    await Promise.all([legacy, candidate].map((side) => side.ok && side.client.end().catch(() => undefined)));
  };
  try {
    const clients = { legacy: clientOf(legacy), candidate: clientOf(candidate) };
    const { plans, problems } = await compileSlice(options, clients.legacy, clients.candidate);
    // Tables that are left out would be ahead unseen.
    refuseProblems(problems);
    const plan = await planSequences({ ...options, plans, ...clients });
    return { ...sequencesOf(plan, clients, options.headroom), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Opened = Awaited<ReturnType<typeof openDatabase>>;

function clientOf(opened: Opened): pg.Client {
  if (opened.ok) return opened.client;
  throw new FicusError(opened.finding.code, opened.finding.message);
}

/** For sessions that are open already. */
export function sequencesOf(
  plan: SequencePlan,
  clients: { readonly legacy: pg.ClientBase; readonly candidate: pg.ClientBase },
  headroom?: bigint,
): Omit<Sequences, 'close'> {
  const sides: SequenceClients = { newOwner: clients[plan.newOwner], oldOwner: clients[plan.oldOwner] };
  const judge = async () =>
    (await readReadings(plan, sides)).map(
      (readings, at) =>
        readings &&
        judgeSequence(plan.sequences[at]!, readings, {
          connections: plan.oldConnections,
          ...(headroom !== undefined && { headroom }),
        }),
    );
  return {
    look: async () => reportOf(plan, await judge(), { mustBeAhead: false }),
    compare: async () => reportOf(plan, await judge(), { mustBeAhead: true }),
    setAhead: async () => {
      const raised = await raiseAll(plan, await judge(), sides.newOwner);
      return reportOf(plan, await judge(), { mustBeAhead: true, raised });
    },
  };
}

type RaisedByOid = ReadonlyMap<number, Raised>;

/** Those that cannot be set stay, and the findings say so. */
async function raiseAll(
  plan: SequencePlan,
  judgements: readonly (Judgement | undefined)[],
  client: pg.ClientBase,
): Promise<RaisedByOid> {
  const raised = new Map<number, Raised>();
  // A setting that a crash could lose would be compared, and then be gone.
  await client.query(`SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')`);
  for (const [at, judgement] of judgements.entries()) {
    const { sequence } = plan.sequences[at]!;
    if (!judgement?.fits || !sequence.mayUpdate) continue;
    raised.set(sequence.oid, await raiseSequence(client, sequence, judgement.goal));
  }
  return raised;
}

function reportOf(
  plan: SequencePlan,
  judgements: readonly (Judgement | undefined)[],
  { mustBeAhead, raised }: { readonly mustBeAhead: boolean; readonly raised?: RaisedByOid },
): SequenceReport {
  const isBusy = ({ oid }: SequenceFacts) => raised?.get(oid) === 'busy';
  const sequences = plan.sequences.flatMap(({ sequence, columns }, at): SequenceState[] => {
    const judgement = judgements[at];
    if (!judgement) return [];
    return [
      {
        sequence: sequence.name,
        columns: [...new Set(columns.map(({ column }) => columnName(column)))],
        next: String(judgement.next),
        need: String(judgement.need),
        ahead: judgement.ahead && !isBusy(sequence),
        set: raised?.get(sequence.oid) === 'set',
      },
    ];
  });
  return {
    ahead: !judgements.includes(undefined) && sequences.every(({ ahead }) => ahead),
    sequences,
    findings: [
      ...evaluateSequences(plan, judgements, mustBeAhead),
      ...evaluateBusy(plan, plan.sequences.map(({ sequence }) => sequence).filter(isBusy)),
    ],
  };
}
