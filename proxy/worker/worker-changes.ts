/** Changes in a worker that are logged and counted for its operator: breakers, addresses, full pin tables. */
import type { Logger } from 'pino';
import type { AddressChange } from '../resilience/address-health.ts';
import type { LiveUpstreamHooks } from '../snapshot/upstream-registry.ts';

/** @param count adds to a plain counter */
export function upstreamHooks(logger: Logger, count: (series: string) => void): LiveUpstreamHooks {
  return {
    breakerChanged: (name, state) => {
      logger.warn({ upstream: name, state }, 'breaker changed');
      count(`ficus_breaker_changes_total{upstream="${name}",state="${state}"}`);
    },
    addressChanged: (name, change) => addressChanged(name, change, logger, count),
    connectionLost: (name, detail) => logger.debug({ upstream: name, detail }, 'upstream connection lost'),
  };
}

function addressChanged(
  upstream: string,
  change: AddressChange,
  logger: Logger,
  count: (series: string) => void,
): void {
  if (change.kind === 'ejected') {
    const { address, reason, forMs } = change;
    count(`ficus_outlier_ejections_total{upstream="${upstream}",reason="${reason}"}`);
    logger.warn({ upstream, address, reason, forMs }, 'address ejected: it fails while others do not');
    return;
  }
  count(`ficus_outlier_returns_total{upstream="${upstream}"}`);
  logger.info({ upstream, address: change.address }, 'address returned: it answered its probe');
}

/** A slice has more pinned users than fit, or fits again. */
export function pinsOverflow(
  logger: Logger,
  count: (series: string) => void,
): (slice: string, begins: boolean) => void {
  return (slice, begins) => {
    if (begins) count(`ficus_pin_overflows_total{slice="${slice}"}`);
    const text = begins
      ? 'too many pinned users: all reads go to the owner'
      : 'only writers are pinned again';
    logger.warn({ slice }, text);
  };
}
