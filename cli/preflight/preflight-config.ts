/**
 * A live check of everything a config needs: addresses that must be free, upstreams and databases that must answer,
 * tables that must be streamable. Read-only.
 */
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { checkHealth } from './check-health.ts';
import { checkIntrospection } from './check-introspection.ts';
import { checkPaths } from './check-paths.ts';
import { checkPorts, type Listener } from './check-ports.ts';
import { checkUpstreams } from './check-upstreams.ts';
import { nameFinding } from './name-finding.ts';
import { readRetired } from './read-retired.ts';

export interface PreflightOptions {
  /** Whose addresses must be free; none while Ficus runs. */
  readonly ports: readonly Listener[];
  /** Whether upstreams must answer; not for a start, because they may come up later. */
  readonly upstreams: boolean;
}

/** All findings, errors and warnings, one per root cause. */
export async function preflightConfig(config: FicusConfig, options: PreflightOptions): Promise<Finding[]> {
  const { preflightDatabase, preflightSlice } = await import('@ficus/cdc');
  const retired = await readRetired(config);
  const checks = [
    checkPorts(config, options.ports),
    ...(options.upstreams
      ? [...checkUpstreams(config), checkHealth(config), checkIntrospection(config), checkPaths(config)]
      : []),
    ...(config.control?.database ? [preflightDatabase('control.database', config.control.database)] : []),
    ...slicesWithTables(config)
      .filter(({ slice }) => !retired.includes(slice))
      .map(preflightSlice),
  ];
  const findings = (await Promise.all(checks)).flat();
  const seen = new Set<string>();
  return findings
    .filter((finding) => {
      const key = `${finding.code} ${finding.message}`;
      return !seen.has(key) && seen.add(key);
    })
    .map(nameFinding);
}

function slicesWithTables(config: FicusConfig) {
  const sourceUrl = config.legacy.database;
  return Object.entries(config.slices).flatMap(([slice, { tables, candidate }]) => {
    if (tables.length === 0 || !sourceUrl || !candidate.database) return [];
    return [{ slice, tables, sourceUrl, targetUrl: candidate.database }];
  });
}
