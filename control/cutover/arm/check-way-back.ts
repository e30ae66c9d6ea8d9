/** The stream back runs, proven by a message that makes the round trip. */
import type { ReplicationStatus } from '@ficus/core';
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

/** Making its slot waits for all transactions that run on its source. */
const START_MS = 60_000;
const ROUND_TRIP_MS = 10_000;

export async function checkWayBack(context: ArmContext): Promise<readonly Refusal[]> {
  const { operation, noWayBack } = context.attempt;
  if (operation === 'cutover') await context.armReverse();
  const status = await started(context);
  if (status?.problem?.code === 'FICUS_CDC_NO_WAY_BACK') {
    if (!noWayBack) return [{ code: 'FICUS_CUTOVER_NO_WAY_BACK', message: status.problem.message }];
    await context.disarmReverse();
    context.note('There is no way back: what is written on the candidate stays there alone.');
    return [];
  }
  const port = context.port('back');
  if (!port || status?.state !== 'streaming') {
    const why =
      status?.problem?.message ?? `it is ${status?.state ?? 'not there'} after ${START_MS / 1_000} s.`;
    return [notProven(`The stream back does not run: ${why}`)];
  }
  const trip = await port.proveRoundTrip(ROUND_TRIP_MS);
  return trip.arrived ? [] : [notProven(trip.problem.message)];
}

const notProven = (message: string): Refusal => ({ code: 'FICUS_CUTOVER_REVERSE_NOT_PROVEN', message });

/** Its status once it streams, or has stopped; or what it is when the time is over. */
function started(context: ArmContext): Promise<ReplicationStatus | undefined> {
  return new Promise((resolve) => {
    let leave: () => void = () => undefined;
    const end = () => {
      leave();
      clearTimeout(timer);
      context.signal.removeEventListener('abort', end);
      resolve(context.status('back'));
    };
    const look = () => {
      const { state, problem } = context.status('back') ?? {};
      if (state === 'streaming' || (state === 'stopped' && problem)) end();
    };
    const timer = setTimeout(end, START_MS);
    leave = context.onStatus(look);
    context.signal.addEventListener('abort', end);
    look();
  });
}
