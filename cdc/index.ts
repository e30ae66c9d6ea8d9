/** Public entry point of cdc: copy, stream, apply, verify. */

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
export type { AppliedBatch, Pause, Replication, ReplicationOptions, SourceNames } from './replication.ts';
export { DEFAULT_SETTINGS, type ReplicationSettings } from './replication-settings.ts';
export { requireOwnSession } from './source/own-session.ts';
export { isSlotOf } from './source/stream-names.ts';
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
