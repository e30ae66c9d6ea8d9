/** Schemas that Ficus creates in databases. */

/** Flags, audit and traffic, in the control plane's database. */
export const CONTROL_SCHEMA = 'ficus_control';
/** Checkpoint and progress of the copy, in a candidate's database beside the rows. */
export const STREAM_SCHEMA = 'ficus';
