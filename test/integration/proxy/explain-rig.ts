/** Asks a proxy to explain a request, and sends the same request: both have to agree. */
import { request as httpRequest } from 'node:http';
import type { Explanation } from '@ficus/proxy';
import { expect } from 'vitest';
import { type Answer, ask, type Rig } from './rig.ts';

export interface Question {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: string;
  readonly clientAddress?: string;
}

interface Asked {
  readonly status: number;
  readonly text: string;
}

/** @param fields of the question to the admin address itself */
export function post(admin: string, body: string, fields: Record<string, string> = {}): Promise<Asked> {
  return call('POST', `${admin}/explain`, fields, body);
}

/** With any Host, which `fetch` does not let one choose. */
export function getAs(url: string, fields: Record<string, string>): Promise<Asked> {
  return call('GET', url, fields);
}

function call(method: string, url: string, headers: Record<string, string>, body = ''): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export function bodyOf({ method = 'GET', url = '/api/notes', headers = {}, ...rest }: Question): string {
  return JSON.stringify({ method, url, headers: Object.entries(headers).flat(), ...rest });
}

export async function explain(rig: Pick<Rig, 'proxy'>, question: Question): Promise<Explanation> {
  const { status, text } = await post(rig.proxy.adminAddress!, bodyOf(question));
  expect({ status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text) as Explanation;
}

/** Explains a request, then sends it: side and reason are those of the explanation. */
export async function explainAndSend(
  rig: Rig,
  question: Question,
): Promise<{ readonly explanation: Explanation; readonly answer: Answer }> {
  const { method = 'GET', url = '/api/notes', headers = {} } = question;
  const explanation = await explain(rig, question);
  const answer = await ask(rig.url + url, { method, headers });
  expect({ serve: explanation.serve, reason: explanation.reason }).toEqual({
    serve: answer.side,
    reason: answer.reason,
  });
  return { explanation, answer };
}
