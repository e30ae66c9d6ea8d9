/** What the parts of a session are made from while it opens. */
import type pg from 'pg';
import type { TargetSession } from '../apply/target-session.ts';
import type { CopyWindows } from '../copy/copy-windows.ts';
import type { WholeTables } from '../copy/whole-tables.ts';
import type { Positions } from '../positions.ts';
import type { Liveness } from './liveness.ts';
import type { PreparedStream } from './prepare-stream.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionLife } from './session-life.ts';

export interface Opening {
  readonly host: SessionHost;
  readonly life: SessionLife;
  readonly liveness: Liveness;
  readonly prepared: PreparedStream;
  readonly positions: Positions;
  /** Pipelined; the applier's. */
  readonly session: TargetSession;
  /** A plain connection to the target, to look at its catalog. */
  readonly target: pg.Client;
  readonly windows: CopyWindows;
  readonly wholeTables: WholeTables;
}
