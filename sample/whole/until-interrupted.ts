/** Ctrl-C and SIGTERM as a promise and a signal; a second Ctrl-C is left to Node, which ends at once. */
export interface Interruption {
  readonly promise: Promise<void>;
  readonly signal: AbortSignal;
}

export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  const promise = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(name, () => {
        console.error('\nstopping');
        controller.abort(new Error(`stopped by ${name}`));
        resolve();
      });
    }
  });
  return { promise, signal: controller.signal };
}
