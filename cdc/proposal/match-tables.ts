/** Which table of the monolith each table of the service is made from, by their names. Pure. */
import { LIKENESSES, type Likeness, likenessOf } from './compare-names.ts';
import type { UnmatchedTable } from './mapping-proposal.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface TablePair {
  readonly source: TableName;
  readonly target: TableName;
  readonly likeness: Likeness;
}

/** Where tools keep which migrations they have run. */
const BOOKKEEPING =
  /^_*(schema_?(migrations?|versions?|info|history)|(db|database)_?versions?|migrations?(_lock|_history)?|knex_migrations(_lock)?|flyway_schema_history|databasechangelog(lock)?|django_migrations|prisma_migrations|ar_internal_metadata|pgmigrations|efmigrationshistory|alembic_version|goose_db_version|typeorm_metadata|drizzle_migrations|sequelizemeta|doctrine_migration_versions)$/i;

export function matchTables(
  sources: readonly TableName[],
  targets: readonly TableName[],
): { pairs: TablePair[]; unmatched: UnmatchedTable[] } {
  const found = targets.map((target) => ({ target, ...bestOf(sources, target) }));
  const pairs: TablePair[] = [];
  const unmatched: UnmatchedTable[] = [];
  for (const { target, likeness, candidates } of found) {
    const table = `${target.schema}.${target.name}`;
    const [source, ...others] = candidates;
    if (BOOKKEEPING.test(target.name)) unmatched.push({ table, why: 'is where a tool keeps its migrations' });
    else if (source === undefined || likeness === undefined)
      unmatched.push({ table, why: 'has no counterpart by name in the monolith' });
    else if (others.length > 0)
      unmatched.push({ table, why: `may be made from any of ${candidates.map(nameOf).join(', ')}` });
    else pairs.push({ source, target, likeness });
  }
  return withoutBolder(pairs, unmatched);
}

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

function bestOf(sources: readonly TableName[], target: TableName) {
  for (const likeness of LIKENESSES) {
    const alike = sources.filter(({ name }) => likenessOf(name, target.name) === likeness);
    if (alike.length > 0) return { likeness, candidates: preferSchema(alike, target) };
  }
  return { likeness: undefined, candidates: [] };
}

/** Of tables with equal claims, that of the same schema, or else that of `public`. */
function preferSchema(alike: readonly TableName[], target: TableName): readonly TableName[] {
  for (const schema of [target.schema, 'public']) {
    const there = alike.filter((table) => table.schema === schema);
    if (there.length > 0) return there;
  }
  return alike;
}

/** A table that another one is surely made from is not guessed to be the source of a second. */
function withoutBolder(pairs: readonly TablePair[], unmatched: UnmatchedTable[]) {
  const rank = ({ likeness }: TablePair) => LIKENESSES.indexOf(likeness);
  const kept = pairs.filter((pair) => {
    const surer = pairs.find((other) => other.source === pair.source && rank(other) < rank(pair));
    if (surer)
      unmatched.push({
        table: nameOf(pair.target),
        why: `is like ${nameOf(pair.source)} of the monolith, from which ${nameOf(surer.target)} is made`,
      });
    return surer === undefined;
  });
  return { pairs: kept, unmatched };
}
