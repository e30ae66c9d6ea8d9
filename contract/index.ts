/**
 * Public entry point of the API's contract: the control plane's answers, as schemas and types, and a client for it. The
 * command, the demo and the control plane itself build on these; it imports only core.
 */
export * from './audit-view.ts';
export * from './candidate-view.ts';
export * from './config-view.ts';
export * from './control-client.ts';
export * from './control-problem.ts';
export * from './cutover-view.ts';
export * from './legacy-view.ts';
export * from './parity-view.ts';
export * from './replication-view.ts';
export * from './slice-view.ts';
export * from './traffic-view.ts';
export * from './verify-view.ts';
export * from './writers-view.ts';
