/** Public entry point of the control plane: starting it, and talking to it. */
export type {
  AuditEntryView,
  FlagChangeView,
  ProxyInfo,
  ReplicationView,
  SliceView,
  VerifyView,
} from './api/slice-view.ts';
export {
  type ControlClient,
  createControlClient,
  type PercentChange,
  type VerifyFollow,
} from './client/control-client.ts';
export type {
  OpenReplication,
  OpenReplicationOptions,
  ReplicationPort,
} from './replications/replication-set.ts';
export type {
  RunVerify,
  VerifyDifference,
  VerifyOptions,
  VerifyOutcome,
  VerifyProgress,
} from './replications/verify-runs.ts';
export { type Control, type ControlOptions, startControl } from './start-control.ts';
