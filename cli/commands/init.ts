/** `ficus init`: a first ficus.yaml for a monolith, from what it is given and what it finds by asking. */
import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FicusError, formatProblem, hideCredentials } from '@ficus/core';
import { parseConfigText } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { type Drafted, draftSlices } from '../init/draft-slices.ts';
import { isWhole, writeFirstConfig } from '../init/first-config.ts';
import { type GivenCandidate, parseBase, parseCandidate, requireSliceName } from '../init/init-options.ts';
import { mapSlice } from '../init/map-slice.ts';
import { readOpenApi } from '../init/openapi/read-openapi.ts';
import { whoCallsPath } from '../init/openapi/who-calls.ts';
import type { Note, Say } from '../init/probe/note.ts';
import { ANSWER_MS, MOST_REQUESTS } from '../init/probe/polite-client.ts';
import { probeCandidate } from '../init/probe/probe-candidate.ts';
import { probeGuest } from '../init/probe/probe-guest.ts';
import { type LegacyFacts, probeLegacy } from '../init/probe/probe-legacy.ts';
import { requireWritable, writeWhole } from '../init/write-whole.ts';
import { noteTeller } from '../output/note-teller.ts';
import { paint } from '../output/paint.ts';
import { print, printError, printJson, printScript } from '../output/terminal.ts';
import { VERSION } from '../version.ts';
import { mapExistingSlice } from './init-mapping.ts';

interface InitOptions extends CommonOptions {
  readonly openapi?: string;
  readonly candidate?: readonly GivenCandidate[];
  readonly map?: string;
  readonly legacyDb?: string;
  readonly serviceDb?: string;
  readonly probe: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const HELP = `
Writes a commented ficus.yaml, and an empty flags.json beside it, that put the proxy in front of the monolith and move
nothing: try it with \`ficus proxy\`. An existing ficus.yaml is replaced only with --force, an existing flags.json never: it
says where traffic goes.

The monolith is asked first, with at most ${MOST_REQUESTS} GETs of ${ANSWER_MS / 1000} seconds each, and no other host; --no-probe turns it off. Is it there, does
it need a Host or scheme of its own, which cookie carries the session, which spellings of a path are the same to it, where
does it answer health checks, where is its OpenAPI document? What is found is a setting with its reason in the file. A
monolith that cannot be asked is no error: the reason is printed, and the file is written without it. A candidate is asked
in the same way; whether it gets the session cookie or Authorization is a decision, and stays a comment.

From the OpenAPI document, found or named by --openapi, come proposals for slices: one for each tag, with routes named by
operationId. They are comments until --candidate gives a slice its service; operations that no route can match are listed.
Passwords are never written: ficus.yaml names variables of the environment.

With --map, the schemas of monolith and service are read, and tables and columns that belong together by name (spelling, singular and
plural, a prefix) become the slice's \`tables\`, as far as \`ficus check --live\` accepts them. Guesses, and what a person has to decide,
are comments in the file. Without a URL, the tables are added to a slice that ficus.yaml has already (--force; with the databases
that it does not name), or printed (--dry-run). The databases are those of --legacy-db and --service-db, of ficus.yaml, or of
LEGACY_DATABASE_URL and SLICE_DATABASE_URL in the environment, where a password is not seen by other users of the machine.

Exit status: 0 written · 1 no table can go over, or ficus.yaml is not valid (--map) · 2 used wrongly, or ficus.yaml exists · 3 a file cannot be written, or the
OpenAPI document or a database cannot be read.

Examples:
  ficus init http://127.0.0.1:3000
  ficus init http://127.0.0.1:3000 --openapi docs/openapi.yaml
  ficus init http://127.0.0.1:3000 --candidate notifications=http://127.0.0.1:3101
  ficus init http://127.0.0.1:3000 --no-probe --dry-run
  ficus init --map notifications --dry-run`;

export function addInit(program: Command): void {
  withCommonOptions(program.command('init').description('writes a first ficus.yaml for a monolith'))
    .argument('[url]', 'URL of the monolith')
    .option('--openapi <url or file>', 'its OpenAPI document, JSON or YAML; by default it is looked for')
    .option('--candidate <SLICE=URL>', 'a slice’s service; repeatable', parseCandidate)
    .option('--map <SLICE>', 'propose the tables of this slice from both schemas')
    .option('--legacy-db <url>', 'with --map: the monolith’s database')
    .option('--service-db <url>', 'with --map: the service’s database')
    .option('--no-probe', 'send no request to monolith and candidates')
    .option('--dry-run', 'print ficus.yaml, and write nothing')
    .option('--force', 'replace an existing ficus.yaml')
    .addHelpText('after', HELP)
    .action(init);
}

/** Where the first config listens: not where the monolith does. */
const listenBeside = (legacyUrl: string): string =>
  new URL(legacyUrl).port === '8080' ? '127.0.0.1:8090' : '127.0.0.1:8080';

/** Beside the config. */
const FLAGS_FILE = 'flags.json';

const USER_AGENT = `ficus-init/${VERSION}`;

async function init(url: string | undefined, options: InitOptions): Promise<void> {
  const { map } = options;
  refuseMisuse(url, options);
  if (url === undefined && map !== undefined) return mapExistingSlice({ ...options, map });
  const base = parseBase(url ?? '');
  if (!options.dryRun) await requireWritable(options.config, options.force === true);
  const given = options.openapi === undefined ? undefined : await readOpenApi(options.openapi, USER_AGENT);
  const { notes, say } = noteTeller(options.json === true);
  const mapped = map === undefined ? undefined : await mapSlice(map, options, process.env, say);
  const facts = options.probe ? await askLegacy(base, given, options, say) : {};
  const drafted = await draft(base, given, facts, options, say);
  if (mapped?.isEmpty) process.exitCode = 1;
  const slices = drafted.slices.map((slice) => (slice.name === map ? { ...slice, ...mapped?.slice } : slice));
  const database = mapped?.legacy;
  const whoCalls = whoCallsPath(given ?? facts.openApi?.document, { legacyUrl: base });
  const listen = listenBeside(base);
  const text = writeFirstConfig({
    legacyUrl: base,
    listen,
    facts,
    slices,
    whoCalls,
    database,
  });
  requireValid(text, mapped?.variables ?? []);
  const flagsFile = join(dirname(options.config), FLAGS_FILE);
  if (!options.dryRun) await writeFiles(options, text, flagsFile);
  const unset = mapped?.unset ?? [];
  report(options, { flagsFile, text, drafted: { ...drafted, slices }, notes, unset, listen });
}

function refuseMisuse(
  url: string | undefined,
  { config, map, legacyDb, serviceDb, openapi, candidate }: InitOptions,
): void {
  const misuse = (message: string) => new FicusError('FICUS_USAGE', message);
  if (basename(config) === FLAGS_FILE)
    throw misuse(`${FLAGS_FILE} beside the config holds the flags: choose another name with --config.`);
  if (url === undefined && map === undefined)
    throw misuse('Name the URL of the monolith, for instance http://127.0.0.1:3000.');
  if (url === undefined && (openapi ?? candidate) !== undefined)
    throw misuse('--openapi and --candidate are for a new ficus.yaml: name the URL of the monolith.');
  if (map === undefined && (legacyDb ?? serviceDb) !== undefined)
    throw misuse('--legacy-db and --service-db are the databases of --map.');
  if (map !== undefined) requireSliceName(map);
  for (const database of [legacyDb, serviceDb])
    if (database !== undefined && !/^postgres(ql)?:\/\/\S*$/.test(database))
      throw misuse('A database is a URL that begins with postgres://.');
}

async function writeFiles(options: InitOptions, text: string, flagsFile: string): Promise<void> {
  // An existing flags file is state: it is never replaced. It comes first: a config without it could not be used.
  if (!(await isThere(flagsFile)))
    await writeWhole(flagsFile, `${JSON.stringify({ version: 2, features: [] }, null, 2)}\n`, false);
  await writeWhole(options.config, text, options.force === true);
}

function askLegacy(base: string, document: unknown, options: InitOptions, say: Say): Promise<LegacyFacts> {
  if (!options.json)
    printError(
      `asking ${base}: GET only, at most ${MOST_REQUESTS} requests of ${ANSWER_MS / 1000} s (--no-probe turns this off)\n`,
    );
  return probeLegacy(
    { url: new URL(base), proxyHost: listenBeside(base), userAgent: USER_AGENT, document },
    say,
  );
}

function draft(
  base: string,
  given: unknown,
  { url, openApi, paths }: LegacyFacts,
  { openapi, candidate: candidates = [], map, probe }: InitOptions,
  say: Say,
): Promise<Drafted> {
  const source = openApi?.url ?? (openapi !== undefined && /^https?:/.test(openapi) ? openapi : undefined);
  return draftSlices(
    {
      document: given ?? openApi?.document,
      context: { source, legacyUrl: url?.url ?? base, paths },
      candidates,
      wanted: map,
      probe: async (candidate, wantsRoutes) =>
        probe
          ? probeCandidate(
              { slice: candidate.slice, url: new URL(candidate.url), wantsRoutes },
              { userAgent: USER_AGENT },
              say,
            )
          : {},
      probeGuest: async ({ slice, url }, routes) =>
        probe ? probeGuest({ slice, url: new URL(url), routes }, { userAgent: USER_AGENT }, say) : undefined,
    },
    say,
  );
}

/** What is written is what `ficus check` accepts. */
function requireValid(text: string, variables: readonly string[]): void {
  const set = Object.fromEntries(
    variables.map((name) => [name, process.env[name] || 'postgres://not.set/yet']),
  );
  const parsed = parseConfigText(text, { ...process.env, ...set });
  if (!parsed.ok)
    throw new FicusError(
      'FICUS_INTERNAL',
      hideCredentials(
        `The config that was made is not valid: ${parsed.problems.map(formatProblem).join('; ')}`,
      ),
    );
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

interface Result {
  readonly flagsFile: string;
  readonly text: string;
  readonly drafted: Drafted;
  readonly notes: readonly Note[];
  /** Variables of the environment that the file needs. */
  readonly unset: readonly string[];
  /** HOST:PORT of the proxy. */
  readonly listen: string;
}

function report(options: InitOptions, result: Result): void {
  const { flagsFile, text, drafted, notes, unset } = result;
  const { slices, leftOut } = drafted;
  if (options.json) {
    printJson({
      ok: true,
      ...(options.dryRun ? { dryRun: true, text } : { config: options.config, flags: flagsFile }),
      slices,
      leftOut,
      findings: notes,
      unset,
    });
    return;
  }
  if (options.dryRun) {
    printScript(text);
    return;
  }
  print(
    `${paint('green', '✓', process.stdout)} wrote ${options.config}${describeSlices(drafted)}\n\nNext:\n${nextSteps(options.config, result)}`,
  );
}

function nextSteps(file: string, { drafted, unset, listen }: Result): string {
  const config = file === 'ficus.yaml' ? '' : ` --config ${file}`;
  // Rows are copied by the control plane.
  const hasTables = drafted.slices.some((slice) => isWhole(slice) && slice.tables?.includes('tables:'));
  const steps = [
    ...unset.map((name) => [`export ${name}=postgres://…`, 'the file names it']),
    hasTables
      ? [`ficus check --live${config}`, 'every error, with its path; asks databases and services, too']
      : [`ficus check${config}`, 'every error, with its path'],
    [`ficus ${hasTables ? 'up' : 'proxy'}${config}`, `the monolith is then at http://${listen}, too`],
    [`ficus status${config}`, 'in another terminal: where slices stand'],
  ] as const;
  const width = Math.max(...steps.map(([command]) => command!.length));
  return steps.map(([command, why]) => `  ${command!.padEnd(width)}   # ${why}\n`).join('');
}

function describeSlices({ slices }: Drafted): string {
  const whole = slices.filter(isWhole).length;
  const open = slices.length - whole;
  const parts = [
    ...(whole > 0 ? [`${whole} ${whole === 1 ? 'slice' : 'slices'}`] : []),
    ...(open > 0 ? [`${open} ${open === 1 ? 'proposal' : 'proposals'} for slices`] : []),
  ];
  return parts.length > 0 ? ` with ${parts.join(' and ')}` : '';
}
