/** `ficus explain`: asks a running proxy who would serve a request, why, and what would change it. */

import { isIP } from 'node:net';
import { type ExplainQuestion, FicusError } from '@ficus/core';
import type { Command } from 'commander';
import { askExplanation } from '../config/ask-explanation.ts';
import { type AskedProxy, askedProxy } from '../config/asked-proxy.ts';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { readField } from '../config/parse-header.ts';
import { formatDecision } from '../output/format-decision.ts';
import { printProblems } from '../output/print-problems.ts';
import { print, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';
import { type FoundRunning, findRunning } from '../status/find-running.ts';

interface ExplainOptions extends CommonOptions {
  readonly cookie: string[];
  readonly header: string[];
  readonly as?: string;
  readonly client?: string;
  readonly admin?: string;
}

const HELP = `
Asks the proxy that runs, at proxy.admin of the config, with its flags, pins and circuit breakers as they are now. The request
is sent to no side, and nothing changes: no pin, no bucket, no count. Where proxy.identify asks the legacy whose session it
is (introspect), so does this, with the cookie or header that you give.

The answer names the route (or what is missing for one), the caller and from where the proxy knows them, the flag with its
share and the caller's bucket, pin, owner and held writes, the candidate's breaker, a tester's override, and what to do when
the user was not moved. A caller's bucket is the percentage from which on the share includes them.

--as asks as if the proxy had identified that user: a question of an operator, who needs access to the admin address. A proxy
whose config has control.token or control.tokens answers holders of a token with the role read (the command sends the one of
its config, and warns when it leaves the machine, as the admin address has no TLS); any other answers programs of its own
machine only. Cookies and header fields are neither shown nor logged; as arguments they are in the shell's history.

Exit status: 0 explained · 1 explained, by an older config: that of the file is not valid · 2 used wrongly · 3 the proxy does not answer within two seconds, or refuses.

Examples:
  ficus explain GET /api/notifications --as ann
  ficus explain GET /api/notifications --cookie 'sid=3f2a…'
  ficus explain POST https://shop.example/api/notifications --header 'Authorization: Bearer …' --client 10.1.2.3
  ficus explain GET /api/notifications --as ann --json | jq .reason`;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

export function addExplain(program: Command): void {
  withCommonOptions(
    program.command('explain').description('says who would serve a request, why, and what would change it'),
  )
    .argument('<method>', 'of the request')
    .argument('<url>', 'a path, or a URL whose host counts')
    .option('--cookie <NAME=VALUE>', 'a cookie of the request; repeatable', collect, [])
    .option('--header <NAME: VALUE>', 'a header field of the request; repeatable', collect, [])
    .option('--as <USER>', 'as if the proxy had identified this user')
    .option('--client <ADDRESS>', 'the address that the request comes from')
    .option('--admin <HOST:PORT>', 'ask the proxy there, instead of at proxy.admin')
    .addHelpText('after', HELP)
    .action(explain);
}

async function explain(method: string, url: string, options: ExplainOptions): Promise<void> {
  const question = questionOf(method, url, options);
  const found = await placesOf(options.config);
  const { problems } = found;
  try {
    const explanation = await askExplanation(askedBy(options, found), question, warn);
    if (options.json) printJson(explanation);
    else print(`${formatDecision(explanation)}\n`);
    // The proxy runs an older config: what it decides is not what the file says.
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    printProblems(options.config, problems);
  }
}

/** With --admin, a config that names no address will do. */
async function placesOf(file: string): Promise<FoundRunning> {
  try {
    return await findRunning(file, undefined);
  } catch (error) {
    if (error instanceof FicusError && error.code === 'FICUS_STATUS_NOWHERE')
      return { control: undefined, admin: undefined, token: undefined, isWithheld: false, problems: [] };
    throw error;
  }
}

/** An address that the caller names gets the token. */
function askedBy({ admin }: ExplainOptions, found: FoundRunning): AskedProxy {
  return admin === undefined
    ? found
    : askedProxy({ admin, control: found.control, isValid: true }, undefined);
}

/** Checked here and not by commander, which repeats a value that it refuses. */
function questionOf(method: string, url: string, options: ExplainOptions): ExplainQuestion {
  const { cookie: cookies, header, as, client } = options;
  if (!/^[A-Za-z-]+$/.test(method))
    throw new FicusError('FICUS_USAGE', 'The method comes first, then the URL: ficus explain GET /path.');
  if (client !== undefined && isIP(client) === 0)
    throw new FicusError('FICUS_USAGE', `--client takes an IP address, not “${client}”.`);
  if (as === '') throw new FicusError('FICUS_USAGE', '--as takes the name of a user.');
  const headers = header.flatMap(fieldOf);
  if (cookies.length > 0) headers.push(...fieldOf(`cookie: ${cookies.map(checkCookie).join('; ')}`));
  return { method: method.toUpperCase(), url, headers, as, clientAddress: client };
}

function fieldOf(text: string): readonly string[] {
  const field = readField(text);
  if (typeof field !== 'string') return field;
  throw new FicusError('FICUS_USAGE', `--header and --cookie: ${field}`);
}

function checkCookie(text: string): string {
  if (/^[^=;\s]+=[^;]*$/.test(text)) return text;
  throw new FicusError('FICUS_USAGE', '--cookie takes NAME=VALUE, one cookie each.');
}
