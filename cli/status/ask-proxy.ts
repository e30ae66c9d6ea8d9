/** Asks a proxy for its own status, at its admin address. */
import { FicusError, PROXY_STATUS_PATH, type ProxyStatus } from '@ficus/core';

const ANSWER_MS = 5_000;

/**
 * @param admin HOST:PORT
 * @throws FicusError FICUS_PROXY_UNREACHABLE
 */
export async function askProxy(admin: string): Promise<ProxyStatus> {
  const url = `http://${admin}${PROXY_STATUS_PATH}`;
  let answer: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    answer = response.ok ? parse(text) : undefined;
  } catch (cause) {
    throw new FicusError('FICUS_PROXY_UNREACHABLE', `No proxy answers at ${admin} (proxy.admin).`, { cause });
  }
  if (isStatus(answer)) return answer;
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
