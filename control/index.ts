/** Public entry point of the control plane: starting it (talking to it is in @ficus/contract). */
export { requireControlConfig } from './control-config.ts';
export type { FlagStore } from './flags/flag-store.ts';
export { withoutAudit } from './flags/foreign-audit.ts';
export { openForeignFlags } from './flags/open-foreign-flags.ts';
export { carryOut, type RemovalOutcome, type StepOutcome } from './removal/carry-out.ts';
export { type ControlRecords, openControlRecords } from './removal/control-records.ts';
export {
  planRemoval,
  type Removal,
  type RemovalPart,
  type RemovalWish,
} from './removal/plan-removal.ts';
export type {
  OpenReplication,
  OpenReplicationOptions,
  ReplicationPort,
} from './replications/replication-set.ts';
export type {
  RunVerify,
  VerifyOptions,
  VerifyOutcome,
  VerifyProgress,
} from './replications/verify-runs.ts';
export { type Control, type ControlOptions, startControl } from './start-control.ts';
