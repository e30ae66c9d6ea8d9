/**
 * “Each finding says what to do, with SQL where SQL does it”: the SQL is run as it is printed, by a superuser, in the
 * database that the path names, and the finding is gone.
 */
import { randomBytes } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { createDatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const KEYED = 'CREATE TABLE visit (id int PRIMARY KEY, note text);';
const PARTED =
  'CREATE TABLE visit (id int, note text) PARTITION BY LIST (id); ALTER TABLE visit REPLICA IDENTITY FULL;';
const HIDDEN = 'CREATE SCHEMA "Odd Types"; CREATE DOMAIN "Odd Types".tag AS text;';
const TYPED = `${HIDDEN} CREATE TYPE "Odd Types".pair AS (a "Odd Types".tag, b int); CREATE TABLE visit (id int PRIMARY KEY, note "Odd Types".pair[]);`;

interface Situation {
  readonly source?: string;
  readonly target?: string;
  /** Run the check as a role without any privilege, which owns nothing. */
  readonly asNobody?: true;
  readonly says: readonly RegExp[];
  readonly columns?: object;
}

const situations: Record<string, Situation> = {
  'no replica identity': {
    source: 'CREATE TABLE visit (id int, note text)',
    says: [/no other replica identity/],
  },
  'REPLICA IDENTITY NOTHING': {
    source: `${KEYED} ALTER TABLE visit REPLICA IDENTITY NOTHING`,
    says: [/NOTHING/],
  },
  'a deferrable primary key': {
    source: 'CREATE TABLE visit (id int PRIMARY KEY DEFERRABLE, note text)',
    says: [/no other replica identity/],
  },
  'an unlogged table': { source: KEYED.replace('TABLE', 'UNLOGGED TABLE'), says: [/unlogged/] },
  'an unlogged target': { target: KEYED.replace('TABLE', 'UNLOGGED TABLE'), says: [/unlogged/] },
  'a target without a key': {
    target: 'CREATE TABLE visit (id int, note text)',
    says: [/neither a primary key/],
  },
  'a target with another key': {
    target: 'CREATE TABLE visit (nr serial PRIMARY KEY, id int, note text)',
    columns: { id: 'id', note: 'note' },
    says: [/No key of/],
  },
  'a partition with another identity': {
    source: `${PARTED} CREATE TABLE "Visit 1" PARTITION OF visit FOR VALUES IN (1)`,
    says: [/replica identity of partition/],
  },
  'a foreign partition': {
    source: `CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw; ${PARTED}
      CREATE FOREIGN TABLE "Visit 2" PARTITION OF visit FOR VALUES IN (2) SERVER f OPTIONS (program 'echo 2,b', format 'csv')`,
    says: [/foreign table/],
  },
  'a unique value that is exchanged': {
    source: 'CREATE TABLE visit (id int PRIMARY KEY, note text UNIQUE DEFERRABLE)',
    target: 'CREATE TABLE visit (id int PRIMARY KEY, note text UNIQUE)',
    says: [/may exchange/],
  },
  'a role without privileges': {
    asNobody: true,
    says: [
      /REPLICATION/,
      /create a publication/,
      /schema “ficus”/,
      /SELECT on/,
      /does not own/,
      /TRUNCATE on/,
    ],
  },
  'a role that may use neither the types nor what a superuser left': {
    source: TYPED,
    target: `${TYPED} CREATE SCHEMA ficus; CREATE TABLE ficus.checkpoint (id serial PRIMARY KEY); CREATE SEQUENCE ficus.own;
      CREATE FUNCTION ficus.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    asNobody: true,
    says: [/schema “Odd Types” of the source/, /schema “Odd Types” of the target/, /all that is in it/],
  },
  'policies on both sides': {
    source: `${KEYED} ALTER TABLE visit ENABLE ROW LEVEL SECURITY`,
    target: `${KEYED} ALTER TABLE visit ENABLE ROW LEVEL SECURITY`,
    asNobody: true,
    says: [/row security/i],
  },
  'triggers and foreign keys of the target': {
    target: `CREATE TABLE place (id int PRIMARY KEY); CREATE TABLE visit (id int PRIMARY KEY REFERENCES place, note text);
      CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER watch BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION watch()`,
    asNobody: true,
    says: [/Trigger “watch”/, /Foreign key/],
  },
};

/** Other tests share it: their open transactions are named here, and are not this test's to end. */
const IS_OF_THE_SERVER = /^(ALTER SYSTEM|SELECT pg_terminate_backend)/;

test.each(Object.entries(situations))(
  '%s',
  async (_, { source = KEYED, target = KEYED, asNobody, says, columns }) => {
    const pair = await createDatabasePair(inject('postgresPort'));
    const role = `Nobody ${randomBytes(4).toString('hex')}`;
    onTestFinished(async () => {
      for (const client of asNobody ? [pair.source, pair.target] : [])
        await client.query(`REASSIGN OWNED BY "${role}" TO postgres; DROP OWNED BY "${role}"`);
      if (asNobody) await pair.source.query(`DROP ROLE "${role}"`);
      await pair.drop();
    });
    await pair.source.query(source);
    await pair.target.query(target);
    if (asNobody) await pair.source.query(`CREATE ROLE "${role}" LOGIN`);
    const as = (url: string) => (asNobody ? url.replace('postgres@', `${encodeURIComponent(role)}@`) : url);
    const tables = parseConfigTables([{ from: 'visit', to: 'visit', ...(columns && { columns }) }]);
    const check = async () =>
      (
        await preflightSlice({
          slice: 'remedied',
          tables,
          sourceUrl: as(pair.sourceUrl),
          targetUrl: as(pair.targetUrl),
        })
      ).filter(({ remedySql }) => remedySql !== undefined && !IS_OF_THE_SERVER.test(remedySql));
    const seen: string[] = [];
    // One remedy may let the check see further.
    for (let round = 0; round < 4; round++) {
      const findings = await check();
      if (findings.length === 0) break;
      for (const { path, message, remedySql } of findings) {
        seen.push(message);
        const client = /candidate|\.to$/.test(path) ? pair.target : pair.source;
        await client
          .query(remedySql!)
          .catch((error) => expect.soft(error.message, `${message}\n${remedySql}`).toBe(''));
      }
    }
    for (const words of says) expect(seen).toContainEqual(expect.stringMatching(words));
    expect(await check()).toEqual([]);
  },
);
