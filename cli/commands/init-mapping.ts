/** `ficus init --map SLICE` without a URL: proposes the tables of a slice that ficus.yaml has already. */
import { readFile } from 'node:fs/promises';
import { type FicusConfig, FicusError, formatProblem } from '@ficus/core';
import { parseConfigText } from '@ficus/proxy';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { findMissingDatabases, type MissingDatabase } from '../init/complete-databases.ts';
import { candidateVariable, LEGACY_VARIABLE } from '../init/database-reference.ts';
import { insertKey } from '../init/insert-key.ts';
import { notesOfMapping, tablesLines } from '../init/mapping-text.ts';
import { writeWhole } from '../init/write-whole.ts';
import { counted } from '../output/counted.ts';
import { noteTeller } from '../output/note-teller.ts';
import { paint } from '../output/paint.ts';
import { print, printJson, printScript } from '../output/terminal.ts';

export interface MapOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly map: string;
  readonly legacyDb?: string;
  readonly serviceDb?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Exit status 1 when no table can go over. */
export async function mapExistingSlice(options: MapOptions): Promise<void> {
  const environment = withGiven(options);
  const config = await loadConfig(options.config, environment);
  requireSlice(config, options.map);
  const changes = !options.dryRun;
  if (changes && !options.force)
    throw new FicusError(
      'FICUS_USAGE',
      `${options.config} exists already. Use --force to add the tables to its slice ${options.map}, or --dry-run to print them.`,
    );
  const databases = databasesOf(config, options, environment);
  const { proposeMapping } = await import('@ficus/cdc');
  const proposal = await proposeMapping(databases);
  const { say, notes } = noteTeller(options.json === true);
  for (const note of notesOfMapping(options.map, proposal)) say(note);
  const lines = tablesLines(proposal);
  const found = proposal.tables.length > 0;
  const missing = found ? findMissingDatabases(config, options.map, databases) : [];
  for (const { name, reference } of missing)
    say({
      kind: 'attention',
      text: `${options.config} has no ${name}, which a slice with tables needs: ${changes ? 'added' : '--force adds it'} as ${reference.text}`,
    });
  if (changes && found) await addTables(options, lines, missing, environment);
  if (!found) process.exitCode = 1;
  const text = lines.map((line) => `${line}\n`).join('');
  const at = options.config === 'ficus.yaml' ? '' : ` --config ${options.config}`;
  const unset = missing.map(({ reference }) => reference).filter(isUnset);
  if (options.json)
    printJson({
      ok: found,
      slice: options.map,
      written: changes && found,
      ...proposal,
      text,
      databases: Object.fromEntries(missing.map(({ name, reference }) => [name, reference.text])),
      unset: unset.map(({ variable }) => variable),
      findings: notes,
    });
  else if (options.dryRun) printScript(text);
  else if (found)
    print(
      `${paint('green', '✓', process.stdout)} added ${counted(proposal.tables.length, 'table')} to slice ${options.map} of ${options.config}\n\nNext:\n${unset.map(({ variable }) => `  export ${variable}=postgres://…\n`).join('')}  ficus check --live${at}\n  ficus up${at}   # in place of \`ficus proxy\`: copies the rows, and follows them\n`,
    );
}

/** The variables that `ficus init` writes into a config have the databases that were given. */
function withGiven({ map, legacyDb, serviceDb }: MapOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(legacyDb !== undefined && { [LEGACY_VARIABLE]: legacyDb }),
    ...(serviceDb !== undefined && { [candidateVariable(map)]: serviceDb }),
  };
}

/** Of the options, or of the config, or of the environment. */
function databasesOf(
  config: FicusConfig,
  { map, legacyDb, serviceDb }: MapOptions,
  environment: NodeJS.ProcessEnv,
): { sourceUrl: string; targetUrl: string } {
  const variable = candidateVariable(map);
  const sourceUrl = legacyDb ?? config.legacy.database ?? environment[LEGACY_VARIABLE];
  const targetUrl = serviceDb ?? config.slices[map]?.candidate.database ?? environment[variable];
  if (!sourceUrl) throw missingDatabase('legacy.database', LEGACY_VARIABLE, '--legacy-db');
  if (!targetUrl) throw missingDatabase(`slices.${map}.candidate.database`, variable, '--service-db');
  return { sourceUrl, targetUrl };
}

function missingDatabase(key: string, variable: string, option: string): FicusError {
  return new FicusError(
    'FICUS_USAGE',
    `--map reads both databases: set ${variable}, use ${option}, or name ${key} in ficus.yaml.`,
  );
}

const isUnset = ({ mustBeSet, variable }: MissingDatabase['reference']): boolean =>
  mustBeSet && !process.env[variable];

async function addTables(
  { config: file, map }: MapOptions,
  lines: readonly string[],
  missing: readonly MissingDatabase[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  let text = await readFile(file, 'utf8');
  for (const each of [...missing, { name: 'tables', path: ['slices', map], key: 'tables', lines }]) {
    const inserted = insertKey(text, each);
    if ('why' in inserted)
      throw new FicusError(
        'FICUS_USAGE',
        `${each.key === 'tables' ? 'The tables' : each.name} cannot be added to slice ${map} of ${file}: ${inserted.why}. Use --dry-run to print them.`,
      );
    text = inserted.text;
  }
  const later = Object.fromEntries(
    missing.map(({ reference: { variable } }) => [
      variable,
      environment[variable] || 'postgres://not.set/yet',
    ]),
  );
  const parsed = parseConfigText(text, { ...environment, ...later });
  // A slice with tables needs more: the file stays as it is.
  if (!parsed.ok) throw new ConfigInvalid(`With these tables, ${file}`, parsed.problems.map(formatProblem));
  await writeWhole(file, text, true);
}
