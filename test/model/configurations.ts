/**
 * What spin checks: bounds under which the protocol must hold, and mutants, each of which must break the invariant named.
 * The names are those of test/model/cutover.pml; what they mean is in docs/architecture/cutover-model.md.
 */

export type Invariant =
  | 'I1_one_owner'
  | 'I2_no_write_lost'
  | 'I3_back_before_forward_after'
  | 'I4_no_write_twice'
  | 'I5_old_epoch_writes_nothing'
  | 'I6_controlled_proxy_meets_no_fence'
  | 'I7_no_id_twice'
  | 'I8_everything_ends';

/** `NAME` or `NAME=value`, as spin's -D takes them. */
export type Defines = readonly string[];

export interface Configuration {
  readonly name: string;
  readonly defines: Defines;
  /** Every run ends: no cycle of steps exists. Doubles the states. */
  readonly ends?: boolean;
  /** log2 of the slots of spin's hash table, where the default is too small. */
  readonly hashBits?: number;
}

export interface Mutant {
  readonly name: string;
  readonly defines: Defines;
  readonly breaks: Invariant;
  /** Found as a cycle of steps. */
  readonly endless?: boolean;
}

/** Each is searched whole. */
export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'two faults in a cutover', defines: ['START=0', 'REQUESTS=2', 'ATTEMPTS=1', 'FAULTS=2'] },
  { name: 'two faults in a rollback', defines: ['START=1', 'REQUESTS=2', 'ATTEMPTS=1', 'FAULTS=2'] },
  { name: 'two attempts', defines: ['REQUESTS=2', 'ATTEMPTS=2', 'FAULTS=1'] },
  {
    name: 'two restarts of the coordinator',
    defines: ['REQUESTS=2', 'ATTEMPTS=1', 'FAULTS=2', 'RUNS=3', 'ONLY_COORDINATOR_FAULTS'],
  },
  { name: 'more writes', defines: ['REQUESTS=3', 'ATTEMPTS=1', 'FAULTS=1'] },
  { name: 'sequences', defines: ['IDS', 'REQUESTS=3', 'ATTEMPTS=2', 'FAULTS=0'] },
  { name: 'every run ends', defines: ['REQUESTS=2', 'ATTEMPTS=1', 'FAULTS=1'], ends: true },
];

/** Bounds that CI has no time for: FICUS_MODEL_LONG=1. */
export const LONG_CONFIGURATIONS: readonly Configuration[] = [
  {
    name: 'two attempts, two restarts of the coordinator',
    defines: ['REQUESTS=2', 'ATTEMPTS=2', 'FAULTS=2', 'RUNS=3', 'ONLY_COORDINATOR_FAULTS'],
    hashBits: 27,
  },
];

const SMALL: Defines = ['REQUESTS=2', 'ATTEMPTS=1', 'FAULTS=1'];
const TWICE: Defines = ['REQUESTS=2', 'ATTEMPTS=2', 'FAULTS=1'];

/**
 * Where the fence stands behind another mechanism, no write is lost without that mechanism: the fence refuses it, and its
 * client gets an error. These mutants break I6, which counts just that.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the barrier is written before the fence',
    defines: [...SMALL, 'M_POSITION'],
    breaks: 'I2_no_write_lost',
  },
  { name: 'the fence lets writers pass', defines: [...SMALL, 'M_FENCE'], breaks: 'I2_no_write_lost' },
  {
    name: 'open writers are not waited for',
    defines: [...SMALL, 'M_OPEN_WRITERS'],
    breaks: 'I2_no_write_lost',
  },
  {
    name: 'the stream’s epoch is not compared, neither by the fence nor by the checkpoint',
    defines: [...SMALL, 'M_EPOCH'],
    breaks: 'I5_old_epoch_writes_nothing',
  },
  {
    name: 'the checkpoint does not compare its holder',
    defines: [...SMALL, 'M_CHECKPOINT'],
    breaks: 'I4_no_write_twice',
  },
  {
    name: 'a proxy is counted out while its lease is valid',
    defines: [...SMALL, 'M_LEASE'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'a lease is renewed during the hold',
    defines: [...SMALL, 'M_RENEWED_IN_HOLD'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'held writes are released before the journal',
    defines: [...SMALL, 'M_RELEASE_EARLY'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'held writes are released to the side decided first',
    defines: [...SMALL, 'M_DECIDED_FIRST'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'the new owner’s fence is lifted before the journal',
    defines: [...SMALL, 'M_LIFT_BEFORE_JOURNAL'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'the old owner’s fence is lifted after the journal',
    defines: [...SMALL, 'M_OLD_FENCE_LIFTED'],
    breaks: 'I1_one_owner',
  },
  {
    name: 'a restart abandons after the journal',
    defines: [...SMALL, 'M_ABANDON_AFTER_JOURNAL'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'a run that has asked the journal to commit undoes first',
    defines: [...SMALL, 'M_UNDONE_FIRST'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'the journal step does not compare',
    defines: [...SMALL, 'M_JOURNAL_UNCOMPARED'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'a restart leaves a fence that is not turned yet to the stale twin',
    defines: [...SMALL, 'M_TWIN'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'a restart goes by the step that it has read before it abandoned',
    defines: [...SMALL, 'M_STEP_READ_EARLY'],
    breaks: 'I3_back_before_forward_after',
  },
  {
    name: 'a restart lets proxies write before the attempt is abandoned',
    defines: [...SMALL, 'M_OPEN_BEFORE_ABANDONED'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'a restart leaves the fence of an attempt that was abandoned already',
    defines: [...SMALL, 'M_ABANDONED_IS_DONE'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'every turn of a fence waits for writers, not only the one to hold',
    defines: [...TWICE, 'M_DRAINING_TURN'],
    breaks: 'I6_controlled_proxy_meets_no_fence',
  },
  {
    name: 'held writes are not released after an abandoned attempt',
    defines: [...SMALL, 'M_STAYS_HELD'],
    breaks: 'I8_everything_ends',
  },
  {
    name: 'a link is cut again and again',
    defines: [...SMALL, 'M_ENDLESS'],
    breaks: 'I8_everything_ends',
    endless: true,
  },
  {
    name: 'a barrier of an earlier attempt counts',
    defines: [...TWICE, 'M_BARRIER_REUSED'],
    breaks: 'I2_no_write_lost',
  },
  {
    name: 'sequences are left out',
    defines: ['IDS', 'REQUESTS=3', 'ATTEMPTS=1', 'FAULTS=0', 'M_SEQUENCES'],
    breaks: 'I7_no_id_twice',
  },
];
