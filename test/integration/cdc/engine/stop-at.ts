/** Stops the engine of this process at its failpoints, so that a test can act in between. */
import { type Failpoint, setFailpointTrap } from '../../../../cdc/failpoints.ts';

const releases: (() => void)[] = [];

export interface Stop {
  readonly reached: Promise<void>;
  resume(): void;
  fail(): void;
}

/** Stops the engine the first time it reaches each of the places. */
export function stopAt<P extends Failpoint>(...places: P[]): Record<P, Stop> {
  const stops = new Map(
    places.map((place) => {
      const reached = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      releases.push(go.resolve);
      return [place as Failpoint, { reached, go, left: 1 }];
    }),
  );
  setFailpointTrap((name) => {
    const stop = stops.get(name);
    if (!stop || stop.left-- < 1) return undefined;
    stop.reached.resolve();
    return stop.go.promise;
  });
  return Object.fromEntries(
    [...stops].map(([place, { reached, go }]) => [
      place,
      {
        reached: reached.promise,
        resume: go.resolve,
        fail: () => go.reject(new Error('the connection is gone')),
      },
    ]),
  ) as Record<P, Stop>;
}

/** Call after a test, whether or not it failed. */
export function resumeAll(): void {
  setFailpointTrap(undefined);
  for (const release of releases.splice(0)) release();
}
