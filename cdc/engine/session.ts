/**
 * One life of a stream, from connecting to the first failure. All lasting state is on the target, so that after a
 * failure a new session continues where this one stopped. open-session opens it, running-session runs it.
 */
import { openSession } from './open-session.ts';
import type { RunningSession } from './running-session.ts';
import type { SessionHost } from './session-host.ts';
import { SessionLife } from './session-life.ts';

export class Session {
  readonly #host: SessionHost;
  readonly #life = new SessionLife();
  #running: RunningSession | undefined;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** Resolves after `stop`; rejects with the failure. */
  async run(underWay: () => void): Promise<void> {
    const { failed } = this.#life;
    try {
      const opening = openSession(this.#host, this.#life);
      opening.catch(() => undefined);
      const running = await Promise.race([opening, failed]);
      this.#running = running;
      underWay();
      await Promise.race([running.pump(), failed]);
      await running.finish();
    } finally {
      this.#life.stop();
      this.#running?.signal();
      await this.#life.end();
    }
  }

  /**
   * Finishes the write in progress, then ends. Ends at once while nothing is being written: creating a slot may take
   * hours.
   */
  stop(): void {
    this.#life.stop();
    if (this.#running) this.#running.signal();
    else this.#life.fail(new Error('stopped before the stream was running'));
  }
}
