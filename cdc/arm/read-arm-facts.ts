/**
 * Looks at both databases of a slice before a cutover or a rollback, and changes nothing. The coordinator does so at arm,
 * `ficus check --live` whenever it is asked.
 */
import type { TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog } from '../catalog/database-catalog.ts';
import { compileSlice } from '../mapping/compile-slice.ts';
import type { Finding } from '../preflight/finding.ts';
import { findingOfFailure, openDatabase } from '../preflight/open-database.ts';
import { preflightWayBack } from '../preflight/preflight-way-back.ts';
import { mayReplicaRole } from '../preflight/read-server-facts.ts';
import { sequencesOf } from '../sequences/open-sequences.ts';
import { planSequences } from '../sequences/plan-sequences.ts';
import type { Operation } from '../sequences/sequence-plan.ts';
import type { ArmFacts, InboundReference, SideFacts } from './arm-facts.ts';
import { compareConstraints } from './compare-constraints.ts';
import { evaluateArm } from './evaluate-arm.ts';
import { readSide } from './read-side.ts';
import { readSilentTriggers } from './read-silent-triggers.ts';
import { readTableConstraints } from './read-table-constraints.ts';

export interface ArmOptions {
  readonly slice: string;
  readonly operation: Operation;
  readonly tables: readonly TableConfig[];
  readonly legacyUrl: string;
  readonly candidateUrl: string;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
}

/** All findings: errors let a cutover refuse. Those about sequences are what setting them ahead cannot do. */
export async function findArmObstacles(options: ArmOptions): Promise<Finding[]> {
  const paths = { legacy: 'legacy.database', candidate: `slices.${options.slice}.candidate.database` };
  const application = { applicationName: `ficus ${options.slice} arm`.slice(0, 63) };
  const [legacy, candidate] = await Promise.all([
    openDatabase(paths.legacy, options.legacyUrl, application),
    openDatabase(paths.candidate, options.candidateUrl, application),
  ]);
  try {
    if (!legacy.ok || !candidate.ok)
      return [legacy, candidate].flatMap((side) => (side.ok ? [] : [side.finding]));
    return await look(options, { legacy: legacy.client, candidate: candidate.client });
  } catch (error) {
    return [findingOfFailure(paths.legacy, options.legacyUrl, error)];
  } finally {
    await Promise.all([legacy, candidate].map((side) => side.ok && side.client.end().catch(() => undefined)));
  }
}

interface Clients {
  readonly legacy: pg.Client;
  readonly candidate: pg.Client;
}

async function look(options: ArmOptions, clients: Clients): Promise<Finding[]> {
  const compiled = await compileSlice(options, clients.legacy, clients.candidate);
  const facts = await readArmFacts(options, compiled, clients);
  const plan = await planSequences({ ...options, plans: compiled.plans, ...clients });
  const { findings } = await sequencesOf(plan, clients).look();
  // For a rollback it runs.
  const wayBack = options.operation === 'cutover' ? await preflightWayBack(options, clients) : [];
  return [...evaluateArm(facts), ...wayBack, ...findings];
}

async function readArmFacts(
  { slice, operation, tables }: ArmOptions,
  { plans, catalogs }: Awaited<ReturnType<typeof compileSlice>>,
  clients: Clients,
): Promise<ArmFacts> {
  const names = {
    legacy: [...new Set(tables.map(({ from }) => from))],
    candidate: [...new Set(tables.map(({ to }) => to))],
  };
  const [legacy, candidate, legacyConstraints, candidateConstraints] = await Promise.all([
    readSide(clients.legacy, slice, { side: 'legacy', path: 'legacy.database', tables: names.legacy }),
    readSide(clients.candidate, slice, {
      side: 'candidate',
      path: `slices.${slice}.candidate.database`,
      tables: names.candidate,
    }),
    readTableConstraints(clients.legacy, names.legacy),
    readTableConstraints(clients.candidate, names.candidate),
  ] satisfies [Promise<SideFacts>, Promise<SideFacts>, unknown, unknown]);
  const forward = operation === 'cutover';
  const replicaRole = await mayReplicaRole(forward ? clients.legacy : clients.candidate);
  return {
    slice,
    oldOwner: forward ? legacy : candidate,
    newOwner: forward ? candidate : legacy,
    // In another role the stream fires them, which is an obstacle of its own.
    silentTriggers: replicaRole
      ? await readSilentTriggers(
          ...(forward
            ? ([clients.legacy, names.legacy] as const)
            : ([clients.candidate, names.candidate] as const)),
        )
      : [],
    inboundKeys: findInbound(forward ? catalogs.source : catalogs.target, replicaRole),
    gaps: compareConstraints({
      plans,
      tables,
      legacy: { catalog: catalogs.source, constraints: legacyConstraints },
      candidate: { catalog: catalogs.target, constraints: candidateConstraints },
      strict: forward ? 'legacy' : 'candidate',
      replicaRole,
    }),
  };
}

/** In the replica role a foreign key acts only where its trigger was enabled for it. */
function findInbound({ tables }: DatabaseCatalog, replicaRole: boolean): InboundReference[] {
  return [...tables.values()].flatMap(({ qualifiedName, referencedBy }) =>
    referencedBy
      .filter(({ table }) => !tables.has(table))
      .map(({ name, table, onDelete, triggers }) => ({
        name,
        table,
        references: qualifiedName,
        onDelete,
        acts: !replicaRole || triggers.every(({ fires }) => fires !== 'origin'),
      })),
  );
}
