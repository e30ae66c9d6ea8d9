/** Waits until a slice's stream has applied everything that its owner has committed so far. */
import type { OwnerStreams } from '../replications/owner-streams.ts';
import type { PositionSource } from '../replications/position-source.ts';

const CATCH_UP_MS = 5_000;
/** Returns false when the slice has no stream, or the stream did not get there in time. */
export type CatchUp = (slice: string) => Promise<boolean>;

export function makeCatchUp(streams: OwnerStreams, positions: PositionSource): CatchUp {
  return async (slice) => {
    const port = streams.port(slice);
    return port ? port.waitForPosition(await positions.position(slice), CATCH_UP_MS) : false;
  };
}
