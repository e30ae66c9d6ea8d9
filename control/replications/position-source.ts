/**
 * The current position of the owner's WAL. Many proxies ask at the same moment; a question that arrives while another
 * is being answered joins the next query, never the running one, whose position may have been read before the write.
 */
import type { OwnerStreams } from './owner-streams.ts';

interface Asking {
  running: Promise<string> | undefined;
  next: Promise<string> | undefined;
}

export class PositionSource {
  readonly #streams: OwnerStreams;
  readonly #asking = new Map<string, Asking>();

  constructor(streams: OwnerStreams) {
    this.#streams = streams;
  }

  /** Positions of the slices whose stream answers; the others are omitted. */
  async positions(slices: readonly string[]): Promise<Record<string, string>> {
    const known = [...new Set(slices)].filter((slice) => this.#streams.port(slice) !== undefined);
    const answers = await Promise.allSettled(known.map((slice) => this.position(slice)));
    return Object.fromEntries(
      known.flatMap((slice, index) => {
        const answer = answers[index];
        return answer?.status === 'fulfilled' ? [[slice, answer.value]] : [];
      }),
    );
  }

  /** The WAL position at some moment after this call. */
  position(slice: string): Promise<string> {
    const asking = this.#asking.get(slice) ?? { running: undefined, next: undefined };
    this.#asking.set(slice, asking);
    if (!asking.running) return this.#ask(slice, asking);
    asking.next ??= asking.running
      .catch(() => undefined)
      .then(() => {
        asking.next = undefined;
        return this.#ask(slice, asking);
      });
    return asking.next;
  }

  #ask(slice: string, asking: Asking): Promise<string> {
    const port = this.#streams.port(slice);
    const running = port ? port.currentPosition() : Promise.reject(new Error(`${slice} has no stream`));
    asking.running = running;
    const done = () => {
      if (asking.running === running) asking.running = undefined;
    };
    running.then(done, done);
    return running;
  }
}
