/** Two databases, and what arm finds in them. */
import { findArmObstacles } from '../../../../cdc/arm/read-arm-facts.ts';
import type { Finding } from '../../../../cdc/preflight/finding.ts';
import type { Operation } from '../../../../cdc/sequences/sequence-plan.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

export interface ArmPair extends DatabasePair {
  /** Findings of these codes; by default all. */
  look(codes?: readonly Finding['code'][], operation?: Operation, legacyRole?: string): Promise<Finding[]>;
}

export async function createArmPair(
  port: number,
  legacySql: string,
  candidateSql: string,
  tables: readonly unknown[],
): Promise<ArmPair> {
  const pair = await createDatabasePair(port);
  await pair.source.query(legacySql);
  await pair.target.query(candidateSql);
  return {
    ...pair,
    async look(codes, operation = 'cutover', legacyRole = 'postgres') {
      const findings = await findArmObstacles({
        slice: 'facts',
        operation,
        tables: parseConfigTables(tables),
        legacyUrl: pair.sourceUrl.replace('//postgres@', `//${legacyRole}@`),
        candidateUrl: pair.targetUrl,
      });
      return findings.filter(({ code }) => codes?.includes(code) ?? true);
    },
  };
}
