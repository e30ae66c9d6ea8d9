/** Waits until a slice's stream has applied everything that its owner has committed so far. */
import type { PositionSource } from '../replications/position-source.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';

const CATCH_UP_MS = 5_000;

/** Returns false when the slice has no stream, or the stream did not get there in time. */
export type CatchUp = (slice: string) => Promise<boolean>;

export function makeCatchUp(replications: ReplicationSet, positions: PositionSource): CatchUp {
  return async (slice) => {
    const port = replications.port(slice);
    return port ? port.waitForPosition(await positions.position(slice), CATCH_UP_MS) : false;
  };
}
