/** `ficus init`: a first ficus.yaml for a monolith, with its routes sorted into slices when it has an OpenAPI document. */
import { access, readFile, writeFile } from 'node:fs/promises';
import { FicusError } from '@ficus/core';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { writeFirstConfig } from '../init/first-config.ts';
import { proposeSlices, type SliceProposal } from '../init/propose-slices.ts';
import { paint } from '../output/paint.ts';

interface InitOptions extends CommonOptions {
  readonly openapi?: string;
  readonly force?: boolean;
}

const HELP = `
Writes a commented ficus.yaml, and an empty flags.json beside it, that put the proxy before the monolith with nothing
moved: try it with \`ficus proxy\`. With --openapi the monolith's routes are sorted into proposals for slices, as comments.
Existing files are left alone unless --force is given.

Examples:
  ficus init http://127.0.0.1:3000
  ficus init http://127.0.0.1:3000 --openapi http://127.0.0.1:3000/openapi.json
  ficus init http://127.0.0.1:3000 --openapi docs/openapi.yaml`;

export function addInit(program: Command): void {
  withCommonOptions(program.command('init').description('writes a first ficus.yaml for a monolith'))
    .argument('<url>', 'where the monolith answers')
    .option('--openapi <url or file>', 'its OpenAPI document, JSON or YAML')
    .option('--force', 'replace existing files')
    .addHelpText('after', HELP)
    .action(init);
}

async function init(url: string, options: InitOptions): Promise<void> {
  const origin = parseOrigin(url);
  const slices = options.openapi ? proposeSlices(await readOpenApi(options.openapi)) : [];
  const flagsFile = options.config.replace(/[^/]*$/, 'flags.json');
  if (!options.force) await refuseToReplace(options.config);
  await writeFile(options.config, writeFirstConfig(origin, slices));
  // An existing flags file is somebody's state: it is never replaced.
  await writeFile(flagsFile, `${JSON.stringify({ version: 2, features: [] }, null, 2)}\n`, {
    flag: 'wx',
  }).catch(ignoreExisting);
  report(options, flagsFile, slices);
}

function parseOrigin(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new FicusError('FICUS_USAGE', `“${url}” is not an http:// or https:// URL.`);
  }
  return new URL(url).origin;
}

async function readOpenApi(source: string): Promise<unknown> {
  try {
    const text = /^https?:/.test(source) ? await fetchText(source) : await readFile(source, 'utf8');
    return parse(text);
  } catch (cause) {
    throw new FicusError(
      'FICUS_CONFIG_UNREADABLE',
      `The OpenAPI document ${source} cannot be read: ${(cause as Error).message}.`,
      { cause },
    );
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return response.text();
}

async function refuseToReplace(file: string): Promise<void> {
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (there)
    throw new FicusError(
      'FICUS_USAGE',
      `${file} exists already. Use --force to replace it, or --config for another file.`,
    );
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function report(options: InitOptions, flagsFile: string, slices: readonly SliceProposal[]): void {
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ ok: true, config: options.config, flags: flagsFile, slices }, null, 2)}\n`,
    );
    return;
  }
  const proposals = slices.length > 0 ? ` with ${slices.length} proposals for slices` : '';
  process.stdout.write(
    `${paint('green', '✓')} wrote ${options.config}${proposals}\n\nNext:\n  ficus check\n  ficus proxy\n`,
  );
}
