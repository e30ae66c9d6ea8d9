/** What the comparison of a slice's answers found: about the candidate's current version, and apart about earlier ones. */
import type { SliceView } from '@ficus/contract';
import type { ParityReport } from '@ficus/parity';
import type { ParityService } from '../parity/parity-service.ts';

/** @param report that of the current version */
export function buildParityView(
  parity: ParityService,
  slice: string,
  report: ParityReport,
): SliceView['parity'] {
  const { current, earlier } = parity.versions(slice);
  return {
    ...report,
    version: shownVersion(current),
    earlier: earlier.map(({ version, report: { since, lastComparedAt, counts, compared, ratio } }) => ({
      ...{ version: shownVersion(version), since, lastComparedAt, counts, compared, ratio },
    })),
    confirming: parity.confirming(slice),
    uncompared: parity.uncompared(slice),
    samples: report.samples.map((sample) => ({
      ...sample,
      differences: [...sample.differences],
      expiredRules: [...sample.expiredRules],
    })),
    routes: { ...report.routes },
    reasons: { ...report.reasons },
    differingPaths: [...report.differingPaths],
    expiredRules: parity.expiredRules(slice),
  };
}

const shownVersion = (version: string): string | null => version || null;
