/** Asks each health path once: `ficus check --live` learns of a wrong one before the proxy takes an upstream for unhealthy. */
import type { FicusConfig } from '@ficus/core';
import { checkedUpstreams } from './health-checks.ts';
import { type CheckResult, CheckSender } from './send-check.ts';

export interface HealthProblem {
  /** Of the `health` in the config. */
  readonly path: string;
  readonly cause: NonNullable<CheckResult>['cause'];
  readonly message: string;
}

/** Empty when all pass. @throws FicusError FICUS_PEM_UNREADABLE */
export async function probeHealth(config: FicusConfig): Promise<HealthProblem[]> {
  const probes = checkedUpstreams(config).map(async ({ name, path, upstream }) => {
    const { addresses = [undefined] } = upstream;
    const asked = addresses.map(async (address) => {
      const failure = await ask(new CheckSender(name, upstream, address));
      if (failure === undefined) return [];
      const at = address === undefined ? '' : ` at ${address}`;
      const message = `GET ${upstream.health.path}${at} fails: ${failure.detail}.`;
      return [{ path: `${path}.health`, cause: failure.cause, message }];
    });
    return (await Promise.all(asked)).flat();
  });
  return (await Promise.all(probes)).flat();
}

async function ask(sender: CheckSender): Promise<CheckResult> {
  try {
    return await sender.send();
  } finally {
    sender.close();
  }
}
