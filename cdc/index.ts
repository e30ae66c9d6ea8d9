/** Public entry point of cdc: copy, stream, apply, verify. */

export { type ArmOptions, findArmObstacles } from './arm/read-arm-facts.ts';
export { refuseStranger } from './catalog/refuse-stranger.ts';
export { describeWayBack } from './engine/describe-way-back.ts';
export type {
  DrainBlocker,
  Fence,
  FenceGap,
  FenceOptions,
  TurnOptions,
  TurnResult,
  WriterNote,
} from './fence/fence.ts';
export { openFence } from './fence/open-fence.ts';
export { type ReversedMapping, reverseMapping } from './mapping/reverse-mapping.ts';
export { openReplication } from './open-replication.ts';
export type { Finding } from './preflight/finding.ts';
export { type DatabaseGrants, grantsByDatabase } from './preflight/grants-by-database.ts';
export { grantsSql } from './preflight/grants-sql.ts';
export { preflightDatabase } from './preflight/preflight-database.ts';
export { preflightSlice } from './preflight/preflight-slice.ts';
export type {
  MappingProposal,
  ProposedTable,
  RefusedTable,
  UnmatchedTable,
} from './proposal/mapping-proposal.ts';
export { proposeMapping } from './proposal/propose-mapping.ts';
export type { DatabasePart, Remnant, RemovalPlan, RemovalStep, StepResult } from './removal/removal-plan.ts';
export {
  dropSourceSlot,
  readSourceStreams,
  type SourceStreams,
  type StreamSlot,
} from './removal/source-streams.ts';
export {
  planSlotRemoval,
  planStreamRemoval,
  runRemoval,
  type StreamRemoval,
} from './removal/stream-removal.ts';
export type {
  AppliedBatch,
  Pause,
  RecordedChanges,
  Replication,
  ReplicationOptions,
  RoundTrip,
  SourceNames,
} from './replication.ts';
export { DEFAULT_SETTINGS, type ReplicationSettings } from './replication-settings.ts';
export {
  openSequences,
  type SequenceReport,
  type SequenceState,
  type Sequences,
  type SequencesOptions,
} from './sequences/open-sequences.ts';
export type { Operation } from './sequences/sequence-plan.ts';
export { requireOwnSession, takeSession } from './source/own-session.ts';
export { isSlotOf } from './source/stream-names.ts';
export {
  type ComparisonOptions,
  openComparison,
  type StandingComparison,
  type StillReport,
} from './verify/open-comparison.ts';
export type { VerifyMode, VerifyOptions } from './verify/verify-options.ts';
export type {
  Difference,
  RowKey,
  TableReport,
  VerifyProgress,
  VerifyReport,
  VerifyResume,
} from './verify/verify-report.ts';
export { verifySlice } from './verify/verify-slice.ts';
