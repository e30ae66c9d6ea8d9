/** Runs before anything is started: reports each fault in one sentence, so that nothing is left half started. */
import type { FicusConfig } from '@ficus/core';
import { type PreflightOptions, preflightConfig } from './preflight-config.ts';
import { PreflightFailed } from './preflight-failed.ts';

/** @throws PreflightFailed with every error found */
export async function requirePreflight(config: FicusConfig, ports: PreflightOptions['ports']): Promise<void> {
  const findings = await preflightConfig(config, { ports, upstreams: false });
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length > 0) throw new PreflightFailed(errors);
}
