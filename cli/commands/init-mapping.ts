/** `ficus init --map SLICE` without a URL: proposes the tables of a slice that ficus.yaml has already. */
import { readFile } from 'node:fs/promises';
import { FicusError, formatProblem } from '@ficus/core';
import { parseConfigText } from '@ficus/proxy';
import { ConfigInvalid } from '../config/config-invalid.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { insertTables } from '../init/insert-tables.ts';
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
  const config = await loadConfig(options.config);
  const slice = requireSlice(config, options.map);
  const changes = !options.dryRun;
  if (changes && !options.force)
    throw new FicusError(
      'FICUS_USAGE',
      `${options.config} exists already. Use --force to add the tables to its slice ${options.map}, or --dry-run to print them.`,
    );
  const sourceUrl = options.legacyDb ?? config.legacy.database;
  const targetUrl = options.serviceDb ?? slice.candidate.database;
  if (sourceUrl === undefined) throw missing('legacy.database', '--legacy-db');
  if (targetUrl === undefined) throw missing(`slices.${options.map}.candidate.database`, '--service-db');
  const { proposeMapping } = await import('@ficus/cdc');
  const proposal = await proposeMapping({ sourceUrl, targetUrl });
  const { say, notes } = noteTeller(options.json === true);
  for (const note of notesOfMapping(options.map, proposal)) say(note);
  const lines = tablesLines(proposal);
  const found = proposal.tables.length > 0;
  if (changes && found) await addTables(options, lines);
  if (!found) process.exitCode = 1;
  const text = lines.map((line) => `${line}\n`).join('');
  if (options.json)
    printJson({
      ok: found,
      slice: options.map,
      written: changes && found,
      ...proposal,
      text,
      findings: notes,
    });
  else if (options.dryRun) printScript(text);
  else if (found)
    print(
      `${paint('green', '✓', process.stdout)} added ${counted(proposal.tables.length, 'table')} to slice ${options.map} of ${options.config}\n\nNext:\n  ficus check --live${options.config === 'ficus.yaml' ? '' : ` --config ${options.config}`}\n`,
    );
}

function missing(key: string, option: string): FicusError {
  return new FicusError(
    'FICUS_USAGE',
    `--map reads both databases: name ${key} in ficus.yaml, or use ${option}.`,
  );
}

async function addTables({ config: file, map }: MapOptions, lines: readonly string[]): Promise<void> {
  const inserted = insertTables(await readFile(file, 'utf8'), map, lines);
  if ('why' in inserted)
    throw new FicusError(
      'FICUS_USAGE',
      `The tables cannot be added to slice ${map} of ${file}: ${inserted.why}. Use --dry-run to print them.`,
    );
  const parsed = parseConfigText(inserted.text, process.env);
  // A slice with tables needs more: the databases, say. The file stays as it is.
  if (!parsed.ok) throw new ConfigInvalid(`With these tables, ${file}`, parsed.problems.map(formatProblem));
  await writeWhole(file, inserted.text, true);
}
