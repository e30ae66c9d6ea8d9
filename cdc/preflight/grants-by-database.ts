/** What `--grants` prints for a whole config: one part for each database, to be run there by a superuser. */
import { CONTROL_SCHEMA, type TableConfig } from '@ficus/core';
import { quoteIdentifier } from '../catalog/quote.ts';
import { addressOf } from './describe-connect-error.ts';
import { createRole, grantDatabase, sourceGrants, targetGrants } from './grants-sql.ts';
import { ownSchemaSql } from './own-schema-sql.ts';

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
  /** A name for a file: `legacy`, `control`, or `candidate-SLICE`, where SLICE is the first whose candidate has the database. */
  readonly name: string;
  readonly sql: string;
}

/** Several slices and purposes may share a database; each statement is printed once. */
export function grantsByDatabase({ sourceUrl, controlUrl, slices }: GrantsInput): DatabaseGrants[] {
  const parts = new Map<string, { name: string; place: string; statements: Set<string> }>();
  const add = (name: string, url: string | undefined, heading: string, statements: readonly string[]) => {
    const { host, port, database } = addressOf(url ?? '');
    const place = url === undefined ? `the database of ${name}` : `database “${database}” on ${host}:${port}`;
    const part = parts.get(place) ?? { name, place, statements: new Set() };
    parts.set(place, part);
    for (const statement of [`-- ${heading}`, ...statements]) part.statements.add(statement);
  };
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
  return [...parts.values()].map(({ name, place, statements }) => ({
    name,
    sql: [`-- In ${place}, as a superuser`, ...statements, ''].join('\n'),
  }));
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
