/** `ficus check`: validates the config; with --live, checks what it needs as well. */

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { DatabaseGrants, Finding } from '@ficus/cdc';
import { loadRemoval } from '@ficus/control';
import {
  describeError,
  type FicusConfig,
  FicusError,
  formatPath,
  noteConfig,
  warnAboutConfig,
} from '@ficus/core';
import { explainMatch } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { loadConfig } from '../config/load-config.ts';
import { parseHeader } from '../config/parse-header.ts';
import { writeWhole } from '../init/write-whole.ts';
import { counted } from '../output/counted.ts';
import { formatExplanation } from '../output/format-explanation.ts';
import { formatFinding, formatNote } from '../output/format-finding.ts';
import { formatObstacles, summarizeObstacles } from '../output/format-obstacles.ts';
import { paint } from '../output/paint.ts';
import { print, printError, printJson, printScript } from '../output/terminal.ts';
import { checkFlagsFile } from '../preflight/check-flags-file.ts';
import { noteIntrospection } from '../preflight/check-introspection.ts';
import { checkTls } from '../preflight/check-tls.ts';
import { findCutoverObstacles, type SliceObstacles } from '../preflight/find-cutover-obstacles.ts';
import { noteGrantRoles } from '../preflight/note-grant-roles.ts';
import { preflightConfig } from '../preflight/preflight-config.ts';

interface CheckOptions extends CommonOptions {
  readonly live?: boolean;
  readonly grants?: boolean | string;
  readonly explain?: string[];
  readonly client?: string;
  readonly header?: string[];
}

const HELP = `
Every error is reported with its path, not only the first, and so is each weak setting, as a warning; a note (·) says what may
surprise in a setting that is fine. Certificates and the flags file are read, where they are on this machine. With --live it checks
upstreams, databases, replication settings and tables as well, and changes nothing: upstreams that have health checks are asked for
their path once, the legacy for its introspection and for one read route in other spellings, without credentials. Each finding says
what to do, with SQL where SQL does it. What a cutover of writes would meet stands under a heading of its own, and lets no check
fail (docs/operations/before-a-cutover.md).

Exit status: 0 all is well (warnings allowed) · 1 the config has errors · 3 something it needs is missing or
cannot be used (a certificate, the flags file; with --live all of it).

Examples:
  ficus check
  ficus check --live
  ficus check --grants
  ficus check --grants roles/     # roles/legacy.sql, roles/candidate-notifications.sql, roles/control.sql,
                                  # and, for a cutover of writes, roles/way-back-….sql: the stream back, roles/fence-….sql:
                                  # triggers on the tables
  ficus check --explain GET /api/notifications?limit=5 --client 10.1.2.3
  ficus check --explain /api/notifications --header 'X-Beta: yes' --header 'Cookie: stage=2'`;

export function addCheck(program: Command): void {
  withCommonOptions(
    program.command('check').description('validates the config, and with --live what it needs'),
  )
    .option('--live', 'check upstreams, databases, replication settings and tables as well')
    .option(
      '--grants [folder]',
      'print the SQL of least-privilege roles, or write it into the folder, one file for each database',
    )
    .option('--explain <METHOD URL...>', 'say which route takes a request, and why')
    .option('--client <ADDRESS>', 'with --explain: the address of the client')
    .option(
      '--header <NAME: VALUE>',
      'with --explain: a header field of the request, cookies included; repeatable',
      parseHeader,
    )
    .addHelpText('after', HELP)
    .action(check);
}

async function check(options: CheckOptions): Promise<void> {
  if (!options.explain && (options.client ?? options.header) !== undefined)
    throw new FicusError('FICUS_USAGE', '--client and --header describe the request of --explain.');
  const config = await loadConfig(options.config);
  if (options.explain) return explain(config, options);
  if (options.grants) {
    await printGrants(config, options);
    return;
  }
  // Ficus may be running while its config is checked, so its own addresses are not checked.
  const live = options.live ? await preflightConfig(config, { ports: [], upstreams: true }) : [];
  const leftovers = options.live ? await leftoversOf(config) : [];
  const cutover = options.live ? await findCutoverObstacles(config, live) : [];
  const tls = checkTls(config, options.live === true);
  const files = [...tls, ...(await checkFlagsFile(config))];
  const findings = [...weaknessesOf(config), ...files, ...live, ...leftovers];
  const notes = [
    ...noteConfig(config).map(({ path, message }) => ({ path: formatPath(path), message })),
    ...(options.live ? noteIntrospection(config) : []),
  ];
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (options.json) {
    printJson({
      ok: errors.length === 0,
      ...countOf(config),
      findings,
      notes,
      ...(options.live && { cutover }),
    });
  } else {
    for (const finding of findings) printError(`${formatFinding(finding)}\n`);
    for (const note of notes) printError(`${formatNote(note)}\n`);
    if (cutover.length > 0) printError(`${formatObstacles(cutover)}\n`);
    if (errors.length === 0)
      print(`${paint('green', '✓', process.stdout)} ${summaryOf(options, config, findings, cutover)}\n`);
  }
  process.exitCode = Math.max(0, ...errors.map((finding) => describeError(finding.code).exit));
}

function weaknessesOf(config: FicusConfig): Finding[] {
  return warnAboutConfig(config).map(({ path, message }) => ({
    severity: 'warning',
    path: formatPath(path),
    code: 'FICUS_CONFIG_WEAK',
    message,
  }));
}

async function leftoversOf(config: FicusConfig): Promise<Finding[]> {
  const { checkLeftovers } = await loadRemoval();
  return (await checkLeftovers(config)).map(({ path, message, remedy }) => ({
    severity: 'warning',
    path,
    code: 'FICUS_SLOT_LEFT',
    message,
    remedySql: remedy,
  }));
}

function explain(config: FicusConfig, options: CheckOptions): void {
  const [first = '', second, ...more] = options.explain ?? [];
  if (more.length > 0)
    throw new FicusError(
      'FICUS_USAGE',
      `--explain takes METHOD and URL, or URL alone, not “${more[0]}” too.`,
    );
  const [method, url] = second === undefined ? ['GET', first] : [first.toUpperCase(), second];
  const { client: clientAddress, header: headers } = options;
  if (clientAddress !== undefined && isIP(clientAddress) === 0)
    throw new FicusError('FICUS_USAGE', `--client takes an IP address, not “${clientAddress}”.`);
  const explanation = explainMatch(config, method, url, { headers, clientAddress });
  if (options.json) printJson(explanation);
  else print(`${formatExplanation(explanation)}\n`);
}

async function printGrants(config: FicusConfig, options: CheckOptions): Promise<void> {
  const databases = await grantsOf(config);
  const grants = databases.map(({ sql }) => sql).join('\n');
  if (typeof options.grants === 'string') await writeGrants(options.grants, databases);
  if (options.json) printJson({ ok: true, grants, databases });
  else if (!grants) printError('No slice has tables: no role needs grants.\n');
  else if (typeof options.grants !== 'string') printScript(grants);
  if (grants && !options.json) for (const note of noteGrantRoles(config)) printError(`${formatNote(note)}\n`);
}

async function writeGrants(folder: string, databases: readonly DatabaseGrants[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, sql } of databases) {
    const file = join(folder, `${name}.sql`);
    const replaces = existsSync(file);
    await writeWhole(file, sql, true);
    printError(`${replaces ? 'replaced' : 'wrote'} ${file}\n`);
  }
}

async function grantsOf(config: FicusConfig): Promise<readonly DatabaseGrants[]> {
  const { grantsByDatabase } = await import('@ficus/cdc');
  const slices = Object.entries(config.slices)
    .filter(([, slice]) => slice.tables.length > 0)
    .map(([slice, { tables, candidate }]) => ({ slice, tables, targetUrl: candidate.database }));
  if (slices.length === 0) return [];
  return grantsByDatabase({
    sourceUrl: config.legacy.database,
    controlUrl: config.control?.database,
    slices,
  });
}

function countOf(config: FicusConfig): { slices: number; routes: number; tables: number } {
  const slices = Object.values(config.slices);
  return {
    slices: slices.length,
    routes: slices.reduce((sum, slice) => sum + slice.routes.length, 0),
    tables: slices.reduce((sum, slice) => sum + slice.tables.length, 0),
  };
}

function summaryOf(
  options: CheckOptions,
  config: FicusConfig,
  findings: readonly Finding[],
  cutover: readonly SliceObstacles[],
): string {
  const { slices, routes, tables } = countOf(config);
  const warnings = findings.length > 0 ? `; ${counted(findings.length, 'warning')} above` : '';
  const live = options.live ? ', and everything it needs is in place' : '';
  return `${options.config} is valid${live}: ${counted(slices, 'slice')}, ${counted(routes, 'route')}, ${counted(tables, 'table')}${warnings}${summarizeObstacles(cutover)}`;
}
