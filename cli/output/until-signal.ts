/**
 * Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, however long the stop takes. npm and
 * npx pass on a Ctrl-C that the terminal has already sent to the command: that echo does not count.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: ReceivedSignal | undefined;
    const onSignal = (name: NodeJS.Signals) => {
      const received = { name, at: performance.now() };
      if (first && !isEcho(first, received)) process.exit(3);
      first ??= received;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

interface ReceivedSignal {
  readonly name: NodeJS.Signals;
  /** In milliseconds. */
  readonly at: number;
}

/** On a busy machine npm may take a while to pass a signal on; a person who insists presses again. */
const ECHO_MS = 1000;

/** Whether a signal is an echo of the first one. */
function isEcho(first: ReceivedSignal, next: ReceivedSignal): boolean {
  return next.name === first.name && next.at - first.at < ECHO_MS;
}

/** The same as an abort signal, for loops that wait. */
export function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  void untilSignal().then(() => controller.abort());
  return controller.signal;
}
