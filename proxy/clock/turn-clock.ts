/**
 * The time, read once in each turn of the event loop, as in nginx: a request needs it many times, and each reading
 * costs. Within a turn it does not change; measurements are exact to a turn. Which clock serves which purpose, in the
 * whole proxy:
 *
 * | for                                                                     | clock               |
 * | ----------------------------------------------------------------------- | ------------------- |
 * | a request's durations, timeouts, breakers, retry budgets, idle times     | `turnNow()`         |
 * | what others date by the calendar: tokens, assertions, overrides, samples | `turnEpoch()`       |
 * | what may last less than a turn, or is measured outside requests          | `performance.now()` |
 *
 * Never measure a duration with `Date.now()`: it goes back when the machine's clock is corrected.
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
