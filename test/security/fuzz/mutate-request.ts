/**
 * Requests with another request hidden in their body, damaged where it may come out. From a seed, like the responses.
 */
import { below, chunksOf, damage, pick, type Random } from './mutate-response.ts';

const FIELDS = [
  'Connection: keep-alive',
  'Connection: Transfer-Encoding, content-length',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'TE: trailers',
  'X-A: b',
  'X-Empty:',
  'Transfer_Encoding: chunked',
  'Content-Length : 5',
];

/**
 * One or two requests, damaged up to three times; one in four stays undamaged.
 * @param mark in every target, the hidden ones too
 */
export function makeRequests(random: Random, mark: string): string {
  let text = '';
  for (let count = 1 + below(random, 2); count > 0; count -= 1) text += validRequest(random, mark);
  for (let times = below(random, 4); times > 0; times -= 1) text = damage(random, text);
  return text;
}

function validRequest(random: Random, mark: string): string {
  const hidden = `GET /hidden/${mark} HTTP/1.1\r\nHost: h\r\n\r\n`;
  const fields = ['Host: h', ...Array.from({ length: below(random, 3) }, () => pick(random, FIELDS))];
  const body = pick(random, ['', hidden, `0\r\n\r\n${hidden}`, `x${hidden}`]);
  const framing = pick(random, ['none', 'length', 'chunked', 'chunked'] as const);
  if (framing === 'length') fields.push(`Content-Length: ${body.length}`);
  if (framing === 'chunked') fields.push('Transfer-Encoding: chunked');
  fields.sort(() => random() - 0.5);
  const line = `${pick(random, ['GET', 'POST', 'DELETE', 'OPTIONS'])} /asked/${mark} HTTP/1.${random() < 0.1 ? 0 : 1}`;
  const content = framing === 'none' ? '' : framing === 'length' ? body : chunksOf(random, body);
  return `${[line, ...fields].map((each) => `${each}\r\n`).join('')}\r\n${content}`;
}
