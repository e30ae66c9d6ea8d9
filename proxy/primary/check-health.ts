/** The health checks of a proxy: what they count is in its totals, and what they find reaches every worker. */
import type { Logger } from 'pino';
import { HealthChecks } from '../health/health-checks.ts';
import type { MetricTotals } from '../observe/metrics-text.ts';
import type { Workers } from './workers.ts';

/** @param workers asked for with each verdict: they begin later */
export function checkHealth(
  logger: Logger,
  totals: MetricTotals,
  workers: () => Pick<Workers, 'send'>,
): HealthChecks {
  return new HealthChecks({
    logger,
    count: (series) => totals.increment(series),
    onVerdicts: (upstreams) => workers().send({ kind: 'health', upstreams }),
  });
}
