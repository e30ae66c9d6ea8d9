/** Builds the view of a slice. The stage is derived here on each call, and stored nowhere. */

import type { GuardView, SliceView } from '@ficus/contract';
import { deriveStage, type FicusConfig, type NamedGuardAnswer, type RunningConfig } from '@ficus/core';
import type { Coordinator } from '../cutover/coordinator.ts';
import { evaluateRollback } from '../cutover/evaluate-rollback.ts';
import type { FlagFact, FlagStore } from '../flags/flag-store.ts';
import { evaluateGuards } from '../guards/evaluate-guards.ts';
import type { ParityService } from '../parity/parity-service.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { ReverseStreams } from '../replications/reverse-streams.ts';
import type { SourceWatch } from '../replications/source-watch.ts';
import type { VerifyRuns } from '../replications/verify-runs.ts';
import type { EvidenceStore } from '../store/evidence-store.ts';
import type { Store } from '../store/open-store.ts';
import type { SliceStates } from '../store/slice-states.ts';
import type { CandidateWatch } from '../traffic/candidate-watch.ts';
import type { LegacyWatch } from '../traffic/legacy-watch.ts';
import type { TrafficWindow } from '../traffic/traffic-window.ts';
import type { WriterWatch } from '../writers/writer-watch.ts';
import { buildCandidateView, buildLegacyView } from './build-candidate-view.ts';
import { buildParityView } from './build-parity-view.ts';
import { buildReplicationView } from './build-replication-view.ts';
import { summariseWriters } from './build-writers-view.ts';
import { lastVerify } from './last-verify.ts';

export interface SliceParts {
  readonly config: FicusConfig;
  readonly store: Pick<Store, 'connected'>;
  readonly flags: FlagStore;
  readonly states: SliceStates;
  readonly replications: ReplicationSet;
  readonly reverse: ReverseStreams;
  readonly sourceWatch: SourceWatch;
  readonly verifyRuns: VerifyRuns;
  readonly evidence: EvidenceStore;
  readonly traffic: TrafficWindow;
  readonly candidates: CandidateWatch;
  readonly legacy: LegacyWatch;
  readonly parity: ParityService;
  readonly runningConfig: RunningConfig;
  readonly writers: WriterWatch;
  readonly coordinator: Coordinator;
}

/** `undefined` for a slice that is not in the config. */
export function buildSliceView(parts: SliceParts, name: string): SliceView | undefined {
  const slice = Object.hasOwn(parts.config.slices, name) ? parts.config.slices[name] : undefined;
  const state = parts.states.of(name);
  const parity = parts.parity.report(name);
  if (!slice || !parity) return undefined;
  const [serve, shadow] = [parts.flags.read(name, 'serve'), parts.flags.read(name, 'shadow')];
  const stage = deriveStage({
    servePercent: shareAtLeast(serve),
    shadowPercent: shareAtLeast(shadow),
    owner: state.owner,
    retired: state.retired,
  });
  const flagView = ({ percent, changedAt }: FlagFact) => ({ percent, changedAt });
  const facts = {
    name,
    team: slice.team ?? null,
    stage,
    owner: slice.tables.length > 0 ? state.owner : null,
    epoch: state.epoch,
    flags: { provider: parts.config.flags.provider, serve: flagView(serve), shadow: flagView(shadow) },
    routes: slice.routes.map(({ id, methods, path, kind }) => ({ id, methods, path, kind })),
    tables: slice.tables.map(({ from, to }) => ({ from, to })),
    legacy: buildLegacyView(parts.legacy.failingChecks(Date.now())),
    candidate: buildCandidateView(parts.candidates.view(name, Date.now()), slice, shareAtLeast(serve) > 0),
    traffic: parts.traffic.view(
      name,
      Date.now(),
      serve.changedAt === null ? undefined : Date.parse(serve.changedAt),
    ),
    parity: buildParityView(parts.parity, name, parity),
    replication: buildReplicationView(parts.replications, name) ?? null,
    verify: lastVerify(parts, name) ?? null,
    writers: summariseWriters(parts.writers, name),
    rollback: evaluateRollback({
      slice: name,
      ...state,
      hasTables: slice.tables.length > 0,
      canFlip: parts.config.flags.provider !== 'builtin' || parts.store.connected,
      back: parts.reverse.status(name),
      inconsistency: parts.coordinator.inconsistency(name),
    }),
  };
  return { ...facts, guards: evaluateGuards(facts, slice.guards).map(buildGuardView) };
}

export const buildGuardView = ({ numbers, ...guard }: NamedGuardAnswer): GuardView => ({
  ...guard,
  numbers: { ...numbers },
});

/** A flag that is on only for cohorts counts as a share between none and all. */
function shareAtLeast({ percent, on }: FlagFact): number {
  return percent ?? (on ? 1 : 0);
}
