/** What a command that sets a flag needs of a config: a valid one, or one of which that much can be read. */
import type { ControlConfig, FicusConfig, FlagsConfig } from '@ficus/core';
import type { RunningRecord } from './running-record.ts';

export interface ReachableConfig {
  readonly control: ControlConfig | undefined;
  /** Whether a control plane with a database makes every change of flags, or may: then its address may be missing here. */
  readonly hasDatabase: boolean;
  /** Where flags are kept; undefined when the file does not say so readably. */
  readonly flags: FlagsConfig | undefined;
  /** The slices that the file names, and the guards of each. */
  readonly guards: ReadonlyMap<string, readonly string[]>;
  /** Undefined while the file is not valid, or a running proxy keeps to an older one. */
  readonly valid: FicusConfig | undefined;
  /** The running proxy takes its flags from another place than the file names: `flags` is the proxy's, and this says so. */
  readonly elsewhere?: string | undefined;
  readonly outOfReach?: OutOfReach | undefined;
}

/** The running proxy takes its flags from a place to which the file names no way. */
export interface OutOfReach {
  /** A sentence. */
  readonly why: string;
  readonly running: RunningRecord;
  /** The control plane that may have a way. */
  readonly control: ControlConfig | undefined;
  /** The file names another place, which a control plane takes when it is restarted. */
  readonly isMoved: boolean;
}
