/** One JSON request to the control plane, over kept connections, with a deadline. */
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ControlClientConfig } from '@ficus/core';
import { controlAgent } from './control-tls.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/**
 * @param tls for https
 * @returns the parsed answer; undefined for 204
 * @throws Error on any other status, on a broken connection and after the deadline
 */
export function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  tls?: ControlClientConfig,
): Promise<unknown> {
  const payload = Buffer.from(JSON.stringify(body));
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: secure ? controlAgent(tls) : agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
      signal: AbortSignal.timeout(timeoutMs),
    };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status === 204) resolve(undefined);
        else if (status !== 200) reject(new Error(`the control plane answered ${status}`));
        else resolveJson(Buffer.concat(chunks).toString(), resolve, reject);
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}

function resolveJson(text: string, resolve: (value: unknown) => void, reject: (error: Error) => void): void {
  try {
    resolve(JSON.parse(text));
  } catch {
    reject(new Error('the control plane answered with something that is not JSON'));
  }
}
