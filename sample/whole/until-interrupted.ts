/**
 * Ctrl-C, SIGTERM and the closing of the terminal as a promise and a signal; a second one of a kind ends the process at
 * once. npm passes on a Ctrl-C that the terminal has already sent us: that echo does not count.
 */
interface Interruption {
  readonly promise: Promise<void>;
  readonly signal: AbortSignal;
  /** Interrupts for another reason. */
  interrupt(reason: string): void;
}

/** On a busy machine npm may take a while to pass a signal on; a person who insists presses again. */
const ECHO_MS = 1000;

/** @param onFirst clears a half-drawn line before the message that everything is stopping */
export function untilInterrupted(onFirst: () => void = () => undefined): Interruption {
  const controller = new AbortController();
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  const interrupt = (reason: string) => {
    if (controller.signal.aborted) return;
    onFirst();
    console.error('\nstopping');
    controller.abort(new Error(reason));
    resolve();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    let heardAt: number | undefined;
    const onSignal = () => {
      if (heardAt !== undefined && performance.now() - heardAt < ECHO_MS) return;
      if (heardAt !== undefined) {
        process.off(name, onSignal);
        process.kill(process.pid, name);
        return;
      }
      heardAt = performance.now();
      interrupt(`stopped by ${name}`);
    };
    process.on(name, onSignal);
  }
  return { promise, signal: controller.signal, interrupt };
}
