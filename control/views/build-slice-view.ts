/** Builds the view of a slice. The stage is derived here on each call, and stored nowhere. */

import type { GuardView, SliceView } from '@ficus/contract';
import {
  deriveStage,
  type FicusConfig,
  type NamedGuardAnswer,
  type RunningConfig,
  type SliceConfig,
} from '@ficus/core';
import type { FlagFact, FlagStore } from '../flags/flag-store.ts';
import { evaluateGuards } from '../guards/evaluate-guards.ts';
import type { ParityService } from '../parity/parity-service.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SourceWatch } from '../replications/source-watch.ts';
import type { VerifyRuns } from '../replications/verify-runs.ts';
import type { EvidenceStore } from '../store/evidence-store.ts';
import type { Store } from '../store/open-store.ts';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';
import type { CandidateWatch } from '../traffic/candidate-watch.ts';
import type { LegacyWatch } from '../traffic/legacy-watch.ts';
import type { TrafficWindow } from '../traffic/traffic-window.ts';
import { buildCandidateView, buildLegacyView } from './build-candidate-view.ts';
import { buildParityView } from './build-parity-view.ts';
import { buildReplicationView } from './build-replication-view.ts';
import { lastVerify } from './last-verify.ts';

export interface SliceParts {
  readonly config: FicusConfig;
  readonly store: Pick<Store, 'connected'>;
  readonly flags: FlagStore;
  readonly states: SliceStates;
  readonly replications: ReplicationSet;
  readonly sourceWatch: SourceWatch;
  readonly verifyRuns: VerifyRuns;
  readonly evidence: EvidenceStore;
  readonly traffic: TrafficWindow;
  readonly candidates: CandidateWatch;
  readonly legacy: LegacyWatch;
  readonly parity: ParityService;
  readonly runningConfig: RunningConfig;
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
    rollback: describeRollback(
      state,
      slice,
      parts.config.flags.provider !== 'builtin' || parts.store.connected,
    ),
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

/** @param canFlip false while the flags are in a database that is away */
function describeRollback(state: StoredSlice, slice: SliceConfig, canFlip: boolean): SliceView['rollback'] {
  if (state.retired) return { answer: 'fail', text: 'There is no way back: the slice is retired.' };
  if (state.owner === 'candidate')
    return {
      answer: 'insufficient evidence',
      text: 'The candidate owns the data; no reverse stream is known.',
    };
  if (!canFlip)
    return {
      answer: 'fail',
      text: 'No flag can be set: the control database is away. The way back is ficus.yaml until it answers: take the slice out of it, and the legacy serves all of it.',
    };
  return {
    answer: 'pass',
    text:
      slice.tables.length > 0
        ? 'The legacy owns the data and takes all writes: serving 0 % brings every read back at once, and nothing is lost.'
        : 'Serving 0 % brings every request back at once; what the candidate stored on its own stays there.',
  };
}
