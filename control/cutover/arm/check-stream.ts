/** The stream to the new owner runs, and is at most a moment behind. */
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

/** What is committed now has to be applied within this time; the hold waits for the same, and writes with it. */
const LAG_BOUND_MS = 1_000;
/** A load that ends, or a stream that has just reconnected. */
const PATIENCE_MS = 10_000;

export async function checkStream(context: ArmContext): Promise<readonly Refusal[]> {
  const { slice } = context.attempt;
  const [port, status] = [context.port('stream'), context.status('stream')];
  if (!port || status?.state !== 'streaming' || context.copied() !== true) {
    const why = status?.problem?.message ?? `it is ${status?.state ?? 'not there'}`;
    return [
      {
        code: 'FICUS_CUTOVER_NOT_READY',
        message: `The stream of ${slice} is not ready: ${why.replace(/\.$/, '')}.`,
      },
    ];
  }
  const deadline = performance.now() + PATIENCE_MS;
  do {
    if (await port.waitForPosition(await port.currentPosition(), LAG_BOUND_MS)) return [];
  } while (performance.now() < deadline && !context.signal.aborted);
  const { lagMs = 0, lagBytes = 0 } = context.status('stream') ?? {};
  return [
    {
      code: 'FICUS_CUTOVER_LAG',
      message: `The stream has not applied within ${LAG_BOUND_MS} ms what was committed: it is ${Math.round(lagMs)} ms and ${lagBytes} bytes behind.`,
    },
  ];
}
