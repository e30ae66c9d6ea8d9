/**
 * The time, read once in each turn of the event loop: a request asks for it eight times, and reading it costs more than
 * most of what is timed. Within a turn it stands still, as in nginx; a turn in a busy process takes about a millisecond.
 */
import { performance } from 'node:perf_hooks';

let known = false;
let steadyMs = 0;
let epochMs = 0;

/** Milliseconds of a clock that never goes back, of no particular origin. */
export function turnNow(): number {
  if (!known) read();
  return steadyMs;
}

/** Milliseconds since the epoch. */
export function turnEpoch(): number {
  if (!known) read();
  return epochMs;
}

function read(): void {
  known = true;
  steadyMs = performance.now();
  epochMs = Date.now();
  setImmediate(forget);
}

function forget(): void {
  known = false;
}
