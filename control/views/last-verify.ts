/** The running verify of a slice, or the last one, also of an earlier run of the control plane. */
import type { VerifyView } from '@ficus/contract';
import type { ParityService } from '../parity/parity-service.ts';
import type { VerifyRun, VerifyRuns } from '../replications/verify-runs.ts';
import type { EvidenceStore, StoredVerify } from '../store/evidence-store.ts';
import { buildVerifyView } from './build-verify-view.ts';

interface VerifyParts {
  readonly verifyRuns: VerifyRuns;
  readonly evidence: Pick<EvidenceStore, 'verify'>;
  readonly parity: ParityService;
}

export function lastVerify(
  { verifyRuns, evidence, parity }: VerifyParts,
  slice: string,
): VerifyView | undefined {
  const current = parity.versions(slice).current || null;
  const run = verifyRuns.last(slice);
  if (run?.state === 'running') return { ...buildVerifyView(run), version: current, ofEarlierVersion: false };
  const known = evidence.verify(slice);
  return known && { ...known, ofEarlierVersion: known.version !== current };
}

/** A run that has ended, with the version that the candidate has now. */
export function endedVerify(run: VerifyRun, version: string): StoredVerify {
  return { ...buildVerifyView(run), version: version || null };
}
