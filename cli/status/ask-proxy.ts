/** Asks a proxy for its own status, at its admin address. */
import { FicusError, isErrorCode, PROXY_STATUS_PATH, type Problem, type ProxyStatus } from '@ficus/core';
import { addressToAsk } from '../config/asked-proxy.ts';

const ANSWER_MS = 5_000;

/**
 * @param admin HOST:PORT
 * @param token needed where `admin` is a name, and, where the proxy's config has tokens, on another machine
 * @throws FicusError FICUS_PROXY_UNREACHABLE, and what the proxy refuses with
 */
export async function askProxy(admin: string, token: string | undefined): Promise<ProxyStatus> {
  const url = `http://${addressToAsk(admin)}${PROXY_STATUS_PATH}`;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let answer: unknown;
  try {
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    answer = parse(text);
  } catch (cause) {
    throw new FicusError('FICUS_PROXY_UNREACHABLE', `No proxy answers at ${admin} (proxy.admin).`, { cause });
  }
  if (isStatus(answer)) return answer;
  const { code, detail } = (answer ?? {}) as Partial<Problem>;
  if (code !== undefined && isErrorCode(code)) throw new FicusError(code, detail ?? `${url} refuses.`);
  throw new FicusError(
    'FICUS_PROXY_UNREACHABLE',
    `The server at ${url} is not a Ficus proxy of this version.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isStatus = (answer: unknown): answer is ProxyStatus =>
  answer !== null && typeof answer === 'object' && 'slices' in answer && 'workers' in answer;
