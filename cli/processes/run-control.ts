/** The control plane of `ficus up`: waits for its database, also at the start; the proxy serves meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Control, startControl } from '@ficus/control';
import { type FicusConfig, FicusError, passesByItself } from '@ficus/core';
import type { Logger } from 'pino';
import { createLogger } from '../output/create-logger.ts';
import { logPreflight } from '../preflight/log-preflight.ts';
import { applyNewestConfig } from './apply-newest-config.ts';
import { type Supervisor, untilAborted } from './supervisor.ts';

const RETRY_MS = 1_000;

export async function runControl(supervisor: Supervisor): Promise<void> {
  const config = await supervisor.first;
  if (!config) return;
  const logger = createLogger('ficus-control');
  // Runs beside the start: a database that does not answer delays nothing else.
  void logPreflight(config, logger);
  const control = await startWhenPossible(config, supervisor, logger);
  if (!control) return;
  const newest = applyNewestConfig(control, logger);
  await supervisor.send({ kind: 'listening', address: control.address });
  supervisor.onConfig((next) => {
    if (next !== config) newest.offer(next);
  });
  supervisor.onRefused((refusal) => control.configRefused(refusal));
  await untilAborted(supervisor.stopped);
  newest.stop();
  await control.stop();
}

/** Retries for as long as waiting may help. @returns undefined when the stop came first */
async function startWhenPossible(
  config: FicusConfig,
  { stopped, send }: Supervisor,
  logger: Logger,
): Promise<Control | undefined> {
  let reported = '';
  while (!stopped.aborted) {
    try {
      return await startControl({ config, logger });
    } catch (error) {
      if (!(error instanceof FicusError) || !mayPass(error)) throw error;
      if (error.message !== reported) logWaiting(error, logger);
      reported = error.message;
      await send({ kind: 'waiting' });
      await sleep(RETRY_MS, undefined, { signal: stopped }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Another control plane may be one that is just ending: this one takes its place, and needs no restart for it. */
const isTaken = ({ code }: FicusError): boolean => code === 'FICUS_CONTROL_ALREADY_RUNNING';

const mayPass = (error: FicusError): boolean => passesByItself(error) || isTaken(error);

/** Once for each reason. */
function logWaiting(error: FicusError, logger: Logger): void {
  const { code, message: reason, remedy } = error;
  if (isTaken(error))
    logger.error({ code, reason, remedy }, 'control plane waits until the other one has ended');
  else logger.warn({ code, reason }, 'control plane cannot start yet, retrying');
}
