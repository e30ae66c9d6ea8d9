/**
 * The processes of a killed `ficus up` release their ports a moment later: one that is started at once, say by a
 * service manager, waits for that. No other finding is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '@ficus/cdc';

const LONGEST_WAIT_MS = 2_000;
const LOOKS = 4;

/** Checks again while taken ports are the only errors. */
export async function waitForReleasedPorts(
  look: () => Promise<readonly Finding[]>,
  longestWaitMs = LONGEST_WAIT_MS,
): Promise<readonly Finding[]> {
  let findings = await look();
  for (let looks = 0; looks < LOOKS && arePortsAlone(findings); looks += 1) {
    await sleep(longestWaitMs / LOOKS);
    findings = await look();
  }
  return findings;
}

const arePortsAlone = (findings: readonly Finding[]): boolean =>
  findings.length > 0 && findings.every(({ code }) => code === 'FICUS_PORT_TAKEN');
