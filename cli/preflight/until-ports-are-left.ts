/**
 * The processes of a `ficus up` that was killed leave their ports a moment later: one that is started at once, say by a
 * service manager, waits for that. Any other finding is not waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartDecision } from './decide-start.ts';

const LONGEST_WAIT_MS = 2_000;
const LOOKS = 4;

/** Looks again while taken ports alone refuse the start. */
export async function untilPortsAreLeft(
  look: () => Promise<StartDecision>,
  longestWaitMs = LONGEST_WAIT_MS,
): Promise<StartDecision> {
  let decision = await look();
  for (let looks = 0; looks < LOOKS && arePortsAlone(decision); looks += 1) {
    await sleep(longestWaitMs / LOOKS);
    decision = await look();
  }
  return decision;
}

const arePortsAlone = ({ refused }: StartDecision): boolean =>
  refused.length > 0 && refused.every(({ code }) => code === 'FICUS_PORT_TAKEN');
