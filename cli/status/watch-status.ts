/**
 * `ficus status --watch`: outlives a restart of what it watches. An outage is shown with the time it began, and the next
 * answer ends it; the addresses are read again meanwhile, for the config may have moved them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, FicusError, passesByItself } from '@ficus/core';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { askRunning, type StatusAnswer } from './ask-running.ts';
import { type FoundRunning, findRunning } from './find-running.ts';

const EVERY_MS = 1000;

export type Look =
  | {
      readonly reachable: true;
      readonly at: string;
      readonly found: FoundRunning;
      readonly answer: StatusAnswer;
      /** How the token went, where that is worth a line. */
      readonly warnings: readonly string[];
    }
  | {
      readonly reachable: false;
      readonly at: string;
      /** ISO time of the first look in a row without an answer. */
      readonly since: string;
      readonly error: { readonly code: string; readonly message: string };
    };

interface WatchOptions {
  readonly file: string;
  readonly slice: string | undefined;
  readonly found: FoundRunning;
  readonly stopped: AbortSignal;
  readonly onLook: (look: Look) => void;
}

/** Ends when `stopped` is aborted. */
export async function watchStatus({ file, slice, found, stopped, onLook }: WatchOptions): Promise<void> {
  let places: FoundRunning | undefined = found;
  let since: string | undefined;
  while (!stopped.aborted) {
    const at = new Date().toISOString();
    try {
      places ??= await findRunning(file, slice);
      const warnings: string[] = [];
      const answer = await askRunning(places, slice, (text) => warnings.push(text));
      since = undefined;
      if (!stopped.aborted) onLook({ reachable: true, at, found: places, answer, warnings });
    } catch (error) {
      places = undefined;
      since ??= at;
      if (!stopped.aborted) onLook({ reachable: false, at, since, error: describe(error) });
    }
    await sleep(EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}

/** @throws what no later look would change: an unknown slice, a wrong token, an unforeseen error */
function describe(error: unknown): { code: string; message: string } {
  if (error instanceof ConfigInvalid) {
    const code = 'FICUS_CONFIG_INVALID';
    return { code, message: `${error.message}. ${describeError(code).remedy}` };
  }
  // An editor replaces the file: for a moment there is none.
  const mayPass =
    error instanceof FicusError && (passesByItself(error) || error.code === 'FICUS_CONFIG_UNREADABLE');
  if (!mayPass) throw error;
  return { code: error.code, message: error.message };
}
