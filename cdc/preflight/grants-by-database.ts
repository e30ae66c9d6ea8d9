/** What `--grants` prints for a whole config: one part for each database, to be run there by a superuser. */
import { CONTROL_SCHEMA, type TableConfig } from '@ficus/core';
import { quoteIdentifier } from '../catalog/quote.ts';
import { addressOf } from './describe-connect-error.ts';
import { fenceGrants } from './fence-grants.ts';
import { createRole, grantDatabase, sourceGrants, targetGrants } from './grants-sql.ts';
import { ownSchemaSql } from './own-schema-sql.ts';
import { candidateWayBackGrants, legacyWayBackGrants } from './way-back-grants.ts';

export interface GrantsInput {
  /** The legacy's database. */
  readonly sourceUrl: string | undefined;
  readonly controlUrl: string | undefined;
  readonly slices: readonly SliceGrants[];
}

interface SliceGrants {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly targetUrl: string | undefined;
}

export interface DatabaseGrants {
  /**
   * A name for a file: `legacy`, `control`, or `candidate-SLICE`, where SLICE is the first whose candidate has the database;
   * with `fence-` before it what only a cutover of writes needs.
   */
  readonly name: string;
  readonly sql: string;
}

/** Several slices and purposes may share a database; each statement is printed once. */
export function grantsByDatabase(input: GrantsInput): DatabaseGrants[] {
  return [...roleGrants(input), ...wayBackOf(input), ...fencesOf(input)];
}

function roleGrants({ sourceUrl, controlUrl, slices }: GrantsInput): DatabaseGrants[] {
  const { add, done } = collectParts('as a superuser');
  for (const slice of slices)
    add('legacy', sourceUrl, `Slice “${slice.slice}”: reads the legacy`, sourceGrants(slice));
  for (const slice of slices)
    add(
      `candidate-${slice.slice}`,
      slice.targetUrl,
      `Slice “${slice.slice}”: writes the candidate`,
      targetGrants(slice),
    );
  if (controlUrl !== undefined) add('control', controlUrl, 'The control plane’s own state', controlGrants());
  return done();
}

/** After the roles, which must exist: moving reads needs none of it. */
function wayBackOf({ sourceUrl, slices }: GrantsInput): DatabaseGrants[] {
  const { add, done } = collectParts(
    'as a superuser, and only for a cutover of writes: the stream back to the legacy',
  );
  for (const slice of slices) {
    const heading = `Slice “${slice.slice}”: the way back`;
    add('way-back-legacy', sourceUrl, `${heading} writes the legacy`, legacyWayBackGrants(slice));
    const reads = candidateWayBackGrants(slice);
    add(`way-back-candidate-${slice.slice}`, slice.targetUrl, `${heading} reads the candidate`, reads);
  }
  return done();
}

/** After the roles, which must exist. */
function fencesOf({ sourceUrl, slices }: GrantsInput): DatabaseGrants[] {
  const { add, done } = collectParts(
    'as a superuser, and only for a cutover of writes: triggers that can refuse writers, and let them pass until then',
  );
  for (const { slice, tables, targetUrl } of slices) {
    const heading = `Slice “${slice}”: the fence of its tables`;
    const legacy = fenceGrants({
      slice,
      side: 'legacy',
      tables,
      role: userOf(sourceUrl),
      elsewhere: placeOf(targetUrl),
    });
    const candidate = fenceGrants({
      slice,
      side: 'candidate',
      tables,
      role: userOf(targetUrl),
      elsewhere: placeOf(sourceUrl),
    });
    add('fence-legacy', sourceUrl, heading, legacy);
    add(`fence-candidate-${slice}`, targetUrl, heading, candidate);
  }
  return done();
}

/** One part for each database. */
function collectParts(how: string) {
  const parts = new Map<string, { name: string; statements: Set<string> }>();
  return {
    add(name: string, url: string | undefined, heading: string, statements: readonly string[]): void {
      const place = placeOf(url) ?? `the database of ${name}`;
      const part = parts.get(place) ?? { name, statements: new Set() };
      parts.set(place, part);
      for (const statement of [`-- ${heading}`, ...statements]) part.statements.add(statement);
    },
    done: (): DatabaseGrants[] =>
      [...parts].map(([place, { name, statements }]) => ({
        name,
        sql: [`-- In ${place}, ${how}`, ...statements, ''].join('\n'),
      })),
  };
}

/** The guard names it: another one would be refused. Undefined for a URL without one. */
const userOf = (url: string | undefined): string | undefined =>
  url === undefined || addressOf(url).user === '?' ? undefined : addressOf(url).user;

function placeOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const { host, port, database } = addressOf(url);
  return `database “${database}” on ${host}:${port}`;
}

/** Statements for the control plane's database. */
export function controlGrants(role = 'ficus_control'): string[] {
  return [
    createRole(role, 'LOGIN'),
    `-- CREATE is for schema ${quoteIdentifier(CONTROL_SCHEMA)}; the role owns nothing else.`,
    grantDatabase(role, 'CONNECT, CREATE'),
    ownSchemaSql(CONTROL_SCHEMA, role),
  ];
}
