/** Public entry point of the control plane: starting it (talking to it is in @ficus/contract). */
export { requireControlConfig } from './control-config.ts';
export type { FlagStore, JudgeChange } from './flags/flag-store.ts';
export { withoutAudit } from './flags/foreign-audit.ts';
export { openForeignFlags } from './flags/open-foreign-flags.ts';
export { loadRemoval } from './load-removal.ts';
export type { RemovalOutcome, StepOutcome } from './removal/carry-out.ts';
export type { ControlRecords } from './removal/control-records.ts';
export type { LeftFiles, Removal, RemovalPart, RemovalWish } from './removal/removal.ts';
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
