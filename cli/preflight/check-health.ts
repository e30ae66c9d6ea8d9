/** Whether each upstream that has health checks passes one now. check-upstreams.ts reports those where nothing listens. */
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { probeHealth } from '@ficus/proxy';

export async function checkHealth(config: FicusConfig): Promise<Finding[]> {
  const problems = await probeHealth(config);
  return problems
    .filter(({ cause }) => cause !== 'refused')
    .map(({ path, message }) => ({
      severity: 'error',
      path,
      code: 'FICUS_PROXY_HEALTH_CHECK_FAILED',
      message,
    }));
}
