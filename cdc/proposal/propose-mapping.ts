/**
 * A first mapping from the catalogs of both databases: tables and columns that belong together by name, judged as the
 * preflight judges them. What it refuses is no part of the proposal: each objection takes out a column or a table, until
 * there is none. Read-only.
 */
import { FicusError, formatProblem } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import { readCatalog } from '../catalog/read-catalog.ts';
import { checkExpressions, findObjection } from '../mapping/check-expressions.ts';
import { compileMapping } from '../mapping/compile-mapping.ts';
import { findLeftBehind } from '../mapping/left-behind.ts';
import type { MappingProblem } from '../mapping/mapping-problem.ts';
import { findNarrowedColumns } from '../mapping/narrowed-columns.ts';
import { hasPlainInput } from '../mapping/source-columns.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { evaluateNulls } from '../preflight/evaluate-references.ts';
import { type Opened, openDatabase } from '../preflight/open-database.ts';
import { DraftTable } from './draft-table.ts';
import { listTables } from './list-tables.ts';
import type { MappingProposal } from './mapping-proposal.ts';
import { matchTables } from './match-tables.ts';

export interface ProposalDatabases {
  /** Of the monolith. */
  readonly sourceUrl: string;
  /** Of the service. */
  readonly targetUrl: string;
}

/** @throws FicusError when a database cannot be used, or when both are the same */
export async function proposeMapping({ sourceUrl, targetUrl }: ProposalDatabases): Promise<MappingProposal> {
  const [source, target] = await Promise.all([
    openDatabase('the monolith’s database', sourceUrl, { applicationName: 'ficus init' }),
    openDatabase('the service’s database', targetUrl, { applicationName: 'ficus init' }),
  ]);
  try {
    return await propose(clientOf(source), clientOf(target));
  } finally {
    await Promise.all([source, target].map((side) => side.ok && side.client.end().catch(() => undefined)));
  }
}

function clientOf(opened: Opened): pg.Client {
  if (opened.ok) return opened.client;
  throw new FicusError(opened.finding.code, opened.finding.message);
}

interface Side {
  readonly client: pg.ClientBase;
  readonly catalog: DatabaseCatalog;
}

async function propose(sourceClient: pg.ClientBase, targetClient: pg.ClientBase): Promise<MappingProposal> {
  const { pairs, unmatched } = matchTables(await listTables(sourceClient), await listTables(targetClient));
  const names = (side: 'source' | 'target') => pairs.map((pair) => `${pair[side].schema}.${pair[side].name}`);
  const source = { client: sourceClient, catalog: await readCatalog(sourceClient, names('source')) };
  const target = { client: targetClient, catalog: await readCatalog(targetClient, names('target')) };
  refuseSameDatabase(source.catalog, target.catalog);
  const drafts = pairs.flatMap((pair) => {
    const from = source.catalog.tables.get(`${pair.source.schema}.${pair.source.name}`);
    const to = target.catalog.tables.get(`${pair.target.schema}.${pair.target.name}`);
    // One of them has been dropped since.
    return from && to ? [new DraftTable(pair, from, to)] : [];
  });
  for (const draft of drafts) await dropUnassignable(draft, target);
  const accepted = await takeOutRefused(drafts, source, target);
  return {
    tables: accepted.map(({ draft, plan }) =>
      draft.propose(evaluateNulls(plan, draft.source, draft.target).map(({ message }) => message)),
    ),
    refused: drafts.filter((draft) => draft.isRefused).map((draft) => draft.proposeRefused()),
    unmatched,
  };
}

function refuseSameDatabase(source: DatabaseCatalog, target: DatabaseCatalog): void {
  const isOne = source.systemIdentifier !== undefined && source.systemIdentifier === target.systemIdentifier;
  if (!isOne || source.database !== target.database) return;
  throw new FicusError(
    'FICUS_CDC_MAPPING_INVALID',
    `Monolith and service have the same database, “${source.database}”: there is nothing to map. Name the service’s own.`,
  );
}

/**
 * The mapping casts, which turns any text into any type as long as the values allow it. A guess does not go that far: the
 * type has to be one that PostgreSQL assigns without a cast.
 */
async function dropUnassignable(draft: DraftTable, { client }: Side): Promise<void> {
  const table = quoteQualified(draft.target.schema, draft.target.name);
  for (const { from, to } of draft.columns) {
    if (!hasPlainInput(from) || !to.builtin || from.baseType === to.baseType) continue;
    const overriding = to.identity === 'always' ? ' OVERRIDING SYSTEM VALUE' : '';
    const insert = `INSERT INTO ${table} (${quoteIdentifier(to.name)})${overriding} SELECT CAST(NULL AS ${from.baseType})`;
    if ((await findObjection(client, insert)) !== undefined)
      draft.drop(
        to.name,
        `“${from.name}” is ${from.type}, which does not become ${to.type} by itself; write an expression under “columns”`,
      );
  }
}

interface Accepted {
  readonly draft: DraftTable;
  readonly plan: TablePlan;
}

/** Ends: each round takes out a column or a table. */
async function takeOutRefused(
  drafts: readonly DraftTable[],
  source: Side,
  target: Side,
): Promise<Accepted[]> {
  for (;;) {
    const kept = drafts.filter((draft) => !draft.isRefused);
    const tables = kept.map(({ config }) => config);
    const { plans, problems } = compileMapping({ tables, source: source.catalog, target: target.catalog });
    const expressions = await checkExpressions(plans, source.client, target.client);
    const catalogs = { source: source.catalog, target: target.catalog };
    const left = findLeftBehind(tables, plans, catalogs, new Set());
    const narrowed = findNarrowedColumns(tables, plans, catalogs, new Set()).filter(({ loses }) => loses);
    const all = [...problems, ...expressions, ...left, ...narrowed];
    if (all.length === 0)
      return plans.flatMap((plan) => {
        const draft = kept[plan.index];
        return draft ? [{ draft, plan }] : [];
      });
    for (const problem of all) takeOut(kept, problem);
  }
}

/** @param problem at `tables[INDEX]…`; of a column at `.columns.NAME` */
function takeOut(drafts: readonly DraftTable[], problem: MappingProblem): void {
  const [, index, key, column] = problem.path;
  const draft = drafts[Number(index)];
  if (!draft) throw new Error(`an objection to no table: ${formatProblem(problem)}`);
  if (key === 'columns' && typeof column === 'string' && draft.drop(column, problem.message)) return;
  draft.refuse(problem);
}
