/**
 * Applies configs to a running control plane. A config that cannot be applied because the database is unreachable is
 * retried until it succeeds or a newer one replaces it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Control } from '@ficus/control';
import type { FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';

const RETRY_MS = 1_000;

interface NewestConfig {
  offer(config: FicusConfig): void;
  stop(): void;
}

export function applyNewestConfig(
  control: Pick<Control, 'reload'>,
  logger: Logger,
  retryMs = RETRY_MS,
): NewestConfig {
  const stopped = new AbortController();
  let wanted: FicusConfig | undefined;
  let busy = false;
  async function run(): Promise<void> {
    if (busy) return;
    busy = true;
    while (wanted && !stopped.signal.aborted) {
      const config = wanted;
      try {
        await control.reload(config);
        if (wanted === config) wanted = undefined;
      } catch (error) {
        logger.error({ err: error }, 'config not applied, retrying');
        await sleep(retryMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
    busy = false;
  }
  return {
    offer: (config) => {
      wanted = config;
      void run();
    },
    stop: () => stopped.abort(),
  };
}
