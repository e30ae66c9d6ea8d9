/** The end of the process: SIGTERM or SIGINT drains once; a drain that hangs is ended after a while. */
import type { Logger } from 'pino';

const DRAIN_MS = 15_000;

/** Exits 0 when `drain` resolves in time, else 1. Further signals change nothing. */
export function drainOnSignal(drain: () => Promise<void>, log: Logger): void {
  let draining = false;
  const begin = (signal: NodeJS.Signals) => {
    if (draining) return;
    draining = true;
    log.info({ signal }, 'draining');
    const fail = (reason: unknown) => {
      log.error({ err: reason }, 'could not drain');
      process.exit(1);
    };
    setTimeout(() => fail(new Error(`still busy after ${DRAIN_MS} ms`)), DRAIN_MS);
    drain().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
}
