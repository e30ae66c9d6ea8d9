/**
 * Everything about a slice's data path that `ficus check --live` can check beforehand: both servers, the mapping
 * against both catalogs, the roles' privileges. Read-only. Collects every finding.
 */
import { FicusError, formatPath, STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog } from '../catalog/database-catalog.ts';
import { findStranger } from '../catalog/refuse-stranger.ts';
import { refuseHandedOver } from '../fence/refuse-handed-over.ts';
import { checkExpressions } from '../mapping/check-expressions.ts';
import { compileSlice } from '../mapping/compile-slice.ts';
import { evaluateColumns } from '../mapping/evaluate-columns.ts';
import { findLeftBehind, takenByParts } from '../mapping/left-behind.ts';
import { findNarrowedColumns } from '../mapping/narrowed-columns.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { readAbsentStandbys, readLongTransactions } from '../source/read-waits.ts';
import { nameStream } from '../source/stream-names.ts';
import { describeStranger } from './describe-stranger.ts';
import { evaluateEarlierRows } from './evaluate-earlier-rows.ts';
import {
  evaluateOpenTransactions,
  evaluateSource,
  evaluateStandbys,
  evaluateVersion,
  mayOpenSender,
} from './evaluate-server.ts';
import {
  evaluatePlan,
  evaluateSourcePrivileges,
  evaluateTargetPrivileges,
  findingOf,
} from './evaluate-tables.ts';
import type { Finding } from './finding.ts';
import { publicationSql } from './grants-sql.ts';
import { findingOfFailure, openDatabase } from './open-database.ts';
import { ownSchemaSql } from './own-schema-sql.ts';
import {
  mayKeepCheckpoint,
  mayReplicaRole,
  readBegun,
  readPublished,
  readSourceFacts,
  readTablePrivileges,
} from './read-server-facts.ts';
import { tryReplication } from './try-replication.ts';

interface PreflightInput {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
}

/** Counted exactly up to here. */
const EARLIER_ROWS = 100_000;
/** Ordinary transactions have ended by then. */
const LONG_SECONDS = 5;

interface Side {
  readonly client: pg.Client;
  readonly path: string;
}

/** All findings about a slice's data path; empty when there are none. */
export async function preflightSlice(input: PreflightInput): Promise<Finding[]> {
  const { publication } = nameStream(input.slice, 'forward', '');
  const paths = { source: 'legacy.database', target: `slices.${input.slice}.candidate.database` };
  const [source, target] = await Promise.all([
    openDatabase(paths.source, input.sourceUrl),
    openDatabase(paths.target, input.targetUrl),
  ]);
  try {
    const findings: Finding[] = [];
    for (const side of [source, target]) if (!side.ok) findings.push(side.finding);
    if (source.ok) {
      findings.push(
        ...(await guard(paths.source, input.sourceUrl, () =>
          checkSource(source.client, paths.source, input.sourceUrl, publication),
        )),
      );
    }
    if (source.ok && target.ok) {
      const sides = {
        source: { client: source.client, path: paths.source },
        target: { client: target.client, path: paths.target },
      };
      findings.push(
        ...(await guard(paths.target, input.targetUrl, () => checkTarget(target.client, paths.target))),
        ...(await checkMapping(input, sides.source, sides.target)),
      );
    }
    return findings;
  } finally {
    await Promise.all([source, target].map((side) => side.ok && side.client.end().catch(() => undefined)));
  }
}

/** Reports a connection that breaks during the preflight as a finding like any other. */
async function guard(path: string, url: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [findingOfFailure(path, url, error)];
  }
}

async function serverVersion(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  return rows[0]?.version ?? 0;
}

async function checkSource(
  client: pg.ClientBase,
  path: string,
  url: string,
  publication: string,
): Promise<Finding[]> {
  const version = evaluateVersion(path, await serverVersion(client));
  if (version.length > 0) return version;
  const facts = await readSourceFacts(client, publication);
  return [
    ...evaluateSource(path, facts, publication),
    ...(mayOpenSender(facts) ? await tryReplication(path, url) : []),
    ...(await findWaits(client, path, facts.hasSlot)),
  ];
}

/** What a stream would wait for, and an operator would not guess. */
async function findWaits(client: pg.ClientBase, path: string, hasSlot: boolean): Promise<Finding[]> {
  const absent = await readAbsentStandbys(client);
  const open = hasSlot ? [] : await readLongTransactions(client, LONG_SECONDS);
  return [...evaluateStandbys(path, absent), ...evaluateOpenTransactions(path, open)];
}

async function checkTarget(client: pg.ClientBase, path: string): Promise<Finding[]> {
  const version = evaluateVersion(path, await serverVersion(client));
  if (version.length > 0) return version;
  const checkpoint = await mayKeepCheckpoint(client);
  const stranger = await findStranger(client, STREAM_SCHEMA);
  if (stranger) return [describeStranger(path, stranger, checkpoint.role)];
  if (checkpoint.may) return [];
  return [
    {
      severity: 'error',
      path,
      code: 'FICUS_CDC_PRIVILEGE',
      message: `Role “${checkpoint.role}” cannot keep the checkpoint in database “${checkpoint.database}”: it may neither create schema “ficus” nor use all that is in it.`,
      remedySql: `CREATE SCHEMA IF NOT EXISTS ficus; ${ownSchemaSql(STREAM_SCHEMA, checkpoint.role)}`,
    },
  ];
}

async function checkMapping(input: PreflightInput, source: Side, target: Side): Promise<Finding[]> {
  const { plans, catalogs, problems } = await compileSlice(input, source.client, target.client);
  const expressions = await checkExpressions(plans, source.client, target.client);
  const copied = await readBegun(target.client, nameStream(input.slice, 'forward', '').stream);
  const begun = new Set(copied.keys());
  const altered = findAltered(plans, copied, input.tables, catalogs);
  return [
    ...[...problems, ...expressions].map(findingOf),
    ...altered.values(),
    ...findLeftBehind(input.tables, plans, catalogs, begun)
      // What was added since the copy needs no new one: the other finding says what it takes.
      .filter(({ plan, harmless }) => harmless || !altered.has(plan))
      .map((left): Finding => ({ ...findingOf(left), severity: left.harmless ? 'warning' : 'error' })),
    ...findNarrowedColumns(input.tables, plans, catalogs, begun).map(
      (narrowed): Finding => ({ ...findingOf(narrowed), severity: narrowed.loses ? 'error' : 'warning' }),
    ),
    ...sameDatabase(input, catalogs.source, catalogs.target),
    ...(await checkPlans(plans, input, source, target, catalogs.source, catalogs.target)),
    ...(begun.size === 0
      ? await findBeforeStart(plans, input.slice, source, target)
      : await findEarlierRows(
          plans.filter((plan) => !begun.has(plan.target.qualifiedName)),
          target.client,
        )),
  ];
}

/** Rows that a copy must not overwrite come first: advice to empty their table would destroy them. */
async function findBeforeStart(
  plans: readonly TablePlan[],
  slice: string,
  source: Side,
  target: Side,
): Promise<Finding[]> {
  try {
    await refuseHandedOver(source.client, slice);
  } catch (error) {
    if (!(error instanceof FicusError)) throw error;
    return [{ severity: 'error', path: source.path, code: error.code, message: error.message }];
  }
  return findEarlierRows(plans, target.client);
}

/** What the stream says of tables that were altered since their rows were copied. */
function findAltered(
  plans: readonly TablePlan[],
  copied: ReadonlyMap<string, readonly string[]>,
  tables: readonly TableConfig[],
  { source, target }: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog },
): Map<TablePlan, Finding> {
  const found = new Map<TablePlan, Finding>();
  for (const plan of plans) {
    const before = copied.get(plan.target.qualifiedName);
    const config = tables[plan.index];
    const from = source.tables.get(plan.source.qualifiedName);
    const to = target.tables.get(plan.target.qualifiedName);
    if (!before || !config || !from || !to) continue;
    const taken = takenByParts(plan, plans);
    const message = evaluateColumns({
      plan,
      config,
      taken,
      before,
      source: from.columns,
      target: to.columns,
    });
    if (message === undefined) continue;
    const path = formatPath(plan.path);
    found.set(plan, { severity: 'error', path, code: 'FICUS_CDC_SCHEMA_CHANGED', message });
  }
  return found;
}

/** Rows that the first copy does not bring, and does not remove either. Counted up to a bound: it may be a full table. */
async function findEarlierRows(plans: readonly TablePlan[], client: pg.ClientBase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { path, target } of plans) {
    const { select, usage } = await readTablePrivileges(client, target.oid, target.schema);
    if (!select || !usage) continue;
    const { rows } = await client.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM (SELECT FROM ${target.sql} LIMIT ${EARLIER_ROWS + 1}) AS earlier`,
    );
    const finding = evaluateEarlierRows(path, target, rows[0]?.rows ?? 0, EARLIER_ROWS);
    if (finding) findings.push(finding);
  }
  return findings;
}

function sameDatabase(input: PreflightInput, source: DatabaseCatalog, target: DatabaseCatalog): Finding[] {
  const same = source.systemIdentifier !== undefined && source.systemIdentifier === target.systemIdentifier;
  const loop = input.tables.findIndex((table) => table.from === table.to);
  if (!same || source.database !== target.database || loop < 0) return [];
  const message = `Legacy and candidate are the same database “${source.database}”, and “${input.tables[loop]?.to}” would be its own target.`;
  const path = formatPath(['slices', input.slice, 'tables', loop]);
  return [{ severity: 'error', path, code: 'FICUS_CDC_MAPPING_INVALID', message }];
}

async function checkPlans(
  plans: readonly TablePlan[],
  { slice, tables }: PreflightInput,
  source: Side,
  target: Side,
  sourceCatalog: DatabaseCatalog,
  targetCatalog: DatabaseCatalog,
): Promise<Finding[]> {
  const { publication } = nameStream(slice, 'forward', '');
  const published = await readPublished(source.client, publication);
  const replicaRole = await mayReplicaRole(target.client);
  const findings: Finding[] = [];
  for (const plan of plans) {
    const onSource = await readTablePrivileges(source.client, plan.source.oid, plan.source.schema);
    const onTarget = await readTablePrivileges(target.client, plan.target.oid, plan.target.schema);
    findings.push(
      ...evaluateSourcePrivileges(
        plan,
        onSource,
        published.has(plan.source.qualifiedName),
        publicationSql(slice, tables, onSource.role),
      ),
      ...evaluateTargetPrivileges(plan, onTarget),
      ...evaluatePlan(plan, sourceCatalog, targetCatalog, replicaRole),
    );
  }
  return findings;
}
