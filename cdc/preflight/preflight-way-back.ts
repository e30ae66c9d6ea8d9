/**
 * What the stream back would lack, found beforehand: the candidate as a source, the legacy as a target, the mapping
 * reversed. The way to the candidate needs none of it: it is asked for a cutover alone. Read-only.
 */
import { type ErrorCode, formatPath, STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import { findStranger } from '../catalog/refuse-stranger.ts';
import { compileSlice } from '../mapping/compile-slice.ts';
import { nameStream } from '../source/stream-names.ts';
import { describeStranger } from './describe-stranger.ts';
import { evaluateSource, mayOpenSender } from './evaluate-server.ts';
import {
  evaluatePlan,
  evaluateSourcePrivileges,
  evaluateTargetPrivileges,
  findingOf,
} from './evaluate-tables.ts';
import type { Finding } from './finding.ts';
import { publicationSql } from './grants-sql.ts';
import { ownSchemaSql } from './own-schema-sql.ts';
import {
  mayKeepCheckpoint,
  mayReplicaRole,
  readPublished,
  readSourceFacts,
  readTablePrivileges,
} from './read-server-facts.ts';
import { tryReplication } from './try-replication.ts';

interface WayBackInput {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly candidateUrl: string;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
}

interface Databases {
  readonly legacy: pg.Client;
  readonly candidate: pg.Client;
}

/** What would keep the stream back from starting, or from writing. */
export async function preflightWayBack(input: WayBackInput, databases: Databases): Promise<Finding[]> {
  const findings = [
    ...(await checkCandidate(input, databases.candidate)),
    ...(await checkCheckpoint(databases.legacy)),
    ...(await checkMapping(input, databases)),
  ];
  return findings
    .filter(({ severity, code }) => severity === 'error' && !SAID_ELSEWHERE.includes(code))
    .map((finding) => ({ ...finding, message: `${PREFIX}${finding.message}` }));
}

const PREFIX = 'On the way back, whose source is the candidate: ';

/** By what looks at both servers before a cutover (arm/evaluate-settings). */
const SAID_ELSEWHERE: readonly ErrorCode[] = ['FICUS_CDC_WAL_LEVEL', 'FICUS_CDC_SLOTS_EXHAUSTED'];

/** Some tables may have no way back, and what the config says of a table is said there the other way round. */
function placeInConfig(
  finding: Finding,
  reversed: readonly TableConfig[],
  { slice, tables }: WayBackInput,
): Finding {
  const [, index, end = ''] = /\.tables\[(\d+)\](.*)$/.exec(finding.path) ?? [];
  const back = index === undefined ? undefined : reversed[Number(index)];
  if (!back) return finding;
  const place = tables.findIndex(({ from, to }) => from === back.to && to === back.from);
  const side = end === '.from' ? ['to'] : end === '.to' ? ['from'] : [];
  return { ...finding, path: formatPath(['slices', slice, 'tables', place, ...side]) };
}

async function checkCandidate(
  { slice, candidateUrl }: WayBackInput,
  candidate: pg.Client,
): Promise<Finding[]> {
  const path = `slices.${slice}.candidate.database`;
  const { publication } = nameStream(slice, 'reverse', '');
  const facts = await readSourceFacts(candidate, publication);
  const sender = mayOpenSender(facts) ? await tryReplication(path, candidateUrl) : [];
  return [...evaluateSource(path, facts, publication), ...sender];
}

async function checkCheckpoint(legacy: pg.Client): Promise<Finding[]> {
  const { may, role, database } = await mayKeepCheckpoint(legacy);
  const stranger = await findStranger(legacy, STREAM_SCHEMA);
  if (stranger) return [describeStranger('legacy.database', stranger, role)];
  if (may) return [];
  return [
    {
      severity: 'error',
      path: 'legacy.database',
      code: 'FICUS_CDC_PRIVILEGE',
      message: `Role “${role}” cannot keep the checkpoint in database “${database}”.`,
      remedySql: `CREATE SCHEMA IF NOT EXISTS ficus; ${ownSchemaSql(STREAM_SCHEMA, role)}`,
    },
  ];
}

async function checkMapping(input: WayBackInput, { legacy, candidate }: Databases): Promise<Finding[]> {
  const { slice, tables } = input;
  const compiled = await compileSlice({ ...input, direction: 'reverse' }, candidate, legacy);
  const { publication } = nameStream(slice, 'reverse', '');
  const published = await readPublished(candidate, publication);
  const replicaRole = await mayReplicaRole(legacy);
  const findings: Finding[] = compiled.problems.map(findingOf);
  const irreversible = [
    ...compiled.irreversible.map(({ path, reasons }): Finding => {
      const message = `${reasons.join('; ')}.`;
      return { severity: 'error', path: formatPath(path), code: 'FICUS_CDC_NO_WAY_BACK', message };
    }),
  ];
  for (const plan of compiled.plans) {
    const onSource = await readTablePrivileges(candidate, plan.source.oid, plan.source.schema);
    const onTarget = await readTablePrivileges(legacy, plan.target.oid, plan.target.schema);
    findings.push(
      ...evaluateSourcePrivileges(
        plan,
        onSource,
        published.has(plan.source.qualifiedName),
        publicationSql(slice, tables, onSource.role, 'reverse'),
      ),
      ...evaluateTargetPrivileges(plan, onTarget),
      ...evaluatePlan(plan, compiled.catalogs.source, compiled.catalogs.target, replicaRole),
    );
  }
  return [...irreversible, ...findings.map((finding) => placeInConfig(finding, compiled.tables, input))];
}
