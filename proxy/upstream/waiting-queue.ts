/**
 * The requests that wait for a connection of a pool, first come, first served. A list whose members know their
 * neighbours, so that an abandoned one leaves at once from any position.
 */
import type { Socket } from 'node:net';
import type { UpstreamConnection } from './upstream-connection.ts';

export type NoConnectionCause = 'refused' | 'timed-out' | 'overloaded';

/** A request on its way to a connection. */
export interface ConnectionSeeker {
  /** Its position in the queue, kept by the pool. */
  waiting: Waiting | undefined;
  /** The client's connection, where there is a client: one on which it has logged in is used again. */
  readonly client?: Socket | undefined;
  /** Whether it may be sent twice: then it may probe an ejected address. */
  readonly mayProbe?: boolean;
  onConnection(connection: UpstreamConnection): void;
  onNoConnection(phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void;
}

/** A place in the queue. */
export interface Waiting {
  readonly seeker: ConnectionSeeker;
  readonly until: number;
  /** It takes only a connection that has served no other. */
  readonly fresh: boolean;
  before: Waiting | undefined;
  behind: Waiting | undefined;
}

export class WaitingQueue {
  count = 0;
  /** The seeker that has waited longest, and the last one. */
  #first: Waiting | undefined = undefined;
  #last: Waiting | undefined = undefined;

  /** @param until on the pool's clock */
  add(seeker: ConnectionSeeker, until: number, fresh: boolean): void {
    const before = this.#last;
    const waiting: Waiting = { seeker, until, fresh, before, behind: undefined };
    seeker.waiting = waiting;
    if (before === undefined) this.#first = waiting;
    else before.behind = waiting;
    this.#last = waiting;
    this.count += 1;
  }

  /** Takes out the one that has waited longest. */
  take(): Waiting | undefined {
    const waiting = this.#first;
    if (waiting !== undefined) this.forget(waiting.seeker);
    return waiting;
  }

  /** The seeker waits no longer. */
  forget(seeker: ConnectionSeeker): void {
    const { waiting } = seeker;
    if (waiting === undefined) return;
    const { before, behind } = waiting;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    // A removed place must not keep later ones in memory.
    waiting.before = undefined;
    waiting.behind = undefined;
    seeker.waiting = undefined;
    this.count -= 1;
  }

  /** Refuses those that have waited for too long. */
  sweep(now: number): void {
    for (let waiting = this.#first; waiting !== undefined; ) {
      const { seeker, until, behind } = waiting;
      if (until <= now && seeker.waiting === waiting) {
        this.forget(seeker);
        seeker.onNoConnection('queue', 'timed-out', 'no connection of the pool became free in time');
      }
      // The callback may have removed the next seeker too: the next pass checks those after it.
      waiting = behind;
    }
  }
}
