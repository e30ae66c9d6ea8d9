import { turnEpoch } from '../clock/turn-clock.ts';

/** The time as a Date field has it, made once a second. */
let madeAt = 0;
let text = '';

export function httpDate(): string {
  const now = turnEpoch();
  if (now - madeAt >= 1000 || now < madeAt) {
    madeAt = now - (now % 1000);
    text = new Date(now).toUTCString();
  }
  return text;
}
