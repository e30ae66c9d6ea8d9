/** Asks a running proxy at its admin address what would become of a request. */
import { type ExplainQuestion, FicusError, isErrorCode, type Problem, splitHostPort } from '@ficus/core';
import type { Explanation } from '@ficus/proxy';
import { type AskedProxy, addressToAsk, warnOfToken } from './asked-proxy.ts';

/** Until the proxy has to say that it is there. */
const THERE_MS = 2_000;
/** It may have to ask the legacy whose session it is. */
const ANSWER_MS = 6_000;

/**
 * @param warn gets one line when the token can be read on its way, or is not sent
 * @throws FicusError FICUS_PROXY_UNREACHABLE, FICUS_USAGE, and what the proxy refuses with
 */
export async function askExplanation(
  asked: AskedProxy,
  question: ExplainQuestion,
  warn: (text: string) => void,
): Promise<Explanation> {
  const { token } = asked;
  const address = addressOf(asked.admin);
  const base = `http://${address}`;
  await requireProxy(base);
  warnOfToken(asked, warn);
  const { status, text } = await call(`${base}/explain`, ANSWER_MS, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(question),
  });
  const document = parse(text);
  if (status === 200 && document !== undefined) return document as Explanation;
  const { code, detail } = (document ?? {}) as Partial<Problem>;
  if (code !== undefined && isErrorCode(code)) throw new FicusError(code, detail ?? `status ${status}`);
  throw new FicusError(
    'FICUS_PROXY_UNREACHABLE',
    `The proxy at ${base} cannot explain: it is of an older version.`,
  );
}

function addressOf(admin: string | undefined): string {
  if (admin === undefined)
    throw new FicusError('FICUS_PROXY_UNREACHABLE', 'This config has no admin address (no `proxy.admin`).');
  const { host, port } = splitHostPort(admin);
  if (!Number.isInteger(port) || host === '')
    throw new FicusError('FICUS_USAGE', `--admin takes HOST:PORT, not “${admin}”.`);
  if (port === 0)
    throw new FicusError(
      'FICUS_USAGE',
      'proxy.admin asks for a free port (0): name the one in the proxy’s line “admin listening” with --admin.',
    );
  return addressToAsk(admin);
}

/** Another program may have the port; a proxy that hangs is found within two seconds. */
async function requireProxy(base: string): Promise<void> {
  const { status, text } = await call(`${base}/healthz`, THERE_MS);
  if (status !== 200 || (parse(text) as { status?: unknown } | undefined)?.status !== 'ok')
    throw new FicusError(
      'FICUS_PROXY_UNREACHABLE',
      `The server at ${base} is not the admin address of a Ficus proxy.`,
    );
}

async function call(
  url: string,
  withinMs: number,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(withinMs) });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    const { host } = new URL(url);
    const isLate = (cause as Error).name === 'TimeoutError';
    const within = isLate ? ` within ${withinMs / 1000} seconds` : '';
    throw new FicusError('FICUS_PROXY_UNREACHABLE', `No proxy answers at ${host}${within}.`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
