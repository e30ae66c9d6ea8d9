/** `ficus init`: a first ficus.yaml for a monolith; from an OpenAPI document, with its routes sorted into slices. */
import { access, readFile, writeFile } from 'node:fs/promises';
import {
  describeFileError,
  FicusError,
  hasCredentials,
  hideCredentials,
  withoutCredentials,
} from '@ficus/core';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { writeFirstConfig } from '../init/first-config.ts';
import { proposeSlices, type SliceProposal } from '../init/propose-slices.ts';
import { paint } from '../output/paint.ts';
import { print, printJson } from '../output/terminal.ts';

interface InitOptions extends CommonOptions {
  readonly openapi?: string;
  readonly force?: boolean;
}

const HELP = `
Writes a commented ficus.yaml, and an empty flags.json beside it, that put the proxy in front of the monolith and move
nothing: try it with \`ficus proxy\`. With --openapi the monolith's routes are sorted into proposals for slices, as comments.
An existing ficus.yaml is replaced only with --force, an existing flags.json never: it says where traffic goes.

Exit status: 0 written · 2 used wrongly, or ficus.yaml exists · 3 a file cannot be written, or the OpenAPI document cannot be read.

Examples:
  ficus init http://127.0.0.1:3000
  ficus init http://127.0.0.1:3000 --openapi http://127.0.0.1:3000/openapi.json
  ficus init http://127.0.0.1:3000 --openapi docs/openapi.yaml`;

export function addInit(program: Command): void {
  withCommonOptions(program.command('init').description('writes a first ficus.yaml for a monolith'))
    .argument('<url>', 'URL of the monolith')
    .option('--openapi <url or file>', 'its OpenAPI document, JSON or YAML')
    .option('--force', 'replace an existing ficus.yaml')
    .addHelpText('after', HELP)
    .action(init);
}

async function init(url: string, options: InitOptions): Promise<void> {
  const base = parseBase(url);
  const slices = options.openapi ? proposeSlices(await readOpenApi(options.openapi)) : [];
  const flagsFile = options.config.replace(/[^/]*$/, 'flags.json');
  if (!options.force) await refuseToReplace(options.config);
  await write(options.config, writeFirstConfig(base, slices));
  // An existing flags file is state: it is never replaced.
  if (!(await isThere(flagsFile)))
    await write(flagsFile, `${JSON.stringify({ version: 2, features: [] }, null, 2)}\n`);
  report(options, flagsFile, slices);
}

/** Origin and base path. */
function parseBase(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new FicusError('FICUS_USAGE', hideCredentials(`“${url}” is not an http:// or https:// URL.`));
  const { origin, pathname, search, hash, username, password } = new URL(url);
  if (search || hash || username || password)
    throw new FicusError('FICUS_USAGE', 'The URL takes no user name, no query and no fragment.');
  return origin + pathname.replace(/\/+$/, '');
}

async function readOpenApi(source: string): Promise<unknown> {
  try {
    const text = /^https?:/.test(source) ? await fetchText(source) : await readFile(source, 'utf8');
    return parse(text, { prettyErrors: false });
  } catch (cause) {
    throw new FicusError(
      'FICUS_OPENAPI_UNREADABLE',
      hideCredentials(`The OpenAPI document ${source} cannot be read: ${describeFileError(cause)}.`),
      { cause },
    );
  }
}

async function fetchText(url: string): Promise<string> {
  const { username, password } = new URL(url);
  // fetch refuses URLs with credentials, and names them in its error.
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const response = await fetch(withoutCredentials(url), {
    signal: AbortSignal.timeout(10_000),
    headers: hasCredentials(url) ? { authorization: `Basic ${login.toString('base64')}` } : {},
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return response.text();
}

async function refuseToReplace(file: string): Promise<void> {
  if (await isThere(file))
    throw new FicusError(
      'FICUS_USAGE',
      `${file} exists already. Use --force to replace it, or --config for another file.`,
    );
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new FicusError('FICUS_PATH_UNUSABLE', `${file} cannot be written: ${describeFileError(cause)}.`, {
      cause,
    });
  }
}

function report(options: InitOptions, flagsFile: string, slices: readonly SliceProposal[]): void {
  if (options.json) {
    printJson({ ok: true, config: options.config, flags: flagsFile, slices });
    return;
  }
  const config = options.config === 'ficus.yaml' ? '' : ` --config ${options.config}`;
  const proposals = slices.length > 0 ? ` with ${slices.length} proposals for slices` : '';
  print(
    `${paint('green', '✓', process.stdout)} wrote ${options.config}${proposals}\n\nNext:\n  ficus check${config}\n  ficus proxy${config}\n`,
  );
}
