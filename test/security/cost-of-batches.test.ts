/** A holder of a proxy's token chooses what a batch holds: 62 MB of small values kept the control plane busy for eleven seconds. */
import { encodeObservation } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { parseBody } from '../../control/http/parse-body.ts';
import { observationBatchBody } from '../../control/link/link-schemas.ts';
import { parseObservations } from '../../control/link/parse-observations.ts';
import { LARGEST_BATCH, parseBatch } from '../../control/link/read-batch.ts';
import { anObservation } from '../../control/parity/observation.fixture.ts';
import { RefusedReports } from '../../control/traffic/refused-reports.ts';
import { quickestMs } from '../parts/cost-bound.ts';

const HOSTILE: Readonly<Record<string, string>> = {
  'objects that no one reads': '{"a":0},',
  numbers: '0,',
  'empty lists': '[],',
  nesting: '[',
  'empty texts': '"",',
  names: '"a":1,',
};

test.each(Object.entries(HOSTILE))('a batch of %s is refused before it is parsed', (_, piece) => {
  const body = Buffer.from(`{"observations":[],"z":[${piece.repeat(LARGEST_BATCH / piece.length - 10)}0]}`);
  const parse = () => expect(() => parseBatch(body)).toThrow('more than 250000 values');
  expect(quickestMs(parse, 200)).toBeLessThan(200);
});

/**
 * Reading a batch is one turn, checking an observation another: between them the control plane answers others. What comparing
 * may cost is held in cost-of-large-answers.test.ts.
 */
const TURN_MS = 100;
const ROOM = LARGEST_BATCH - 8_192;
const observation = encodeObservation(anObservation());
const repeat = (piece: string) => piece.repeat(Math.floor(ROOM / Buffer.byteLength(piece)));
const answerOf = (body: string) => ({ ...observation.legacy, body });

const TEXTS: Readonly<Record<string, () => string>> = {
  'two bodies': () => {
    const body = 'QUJD'.repeat(Math.floor(ROOM / 8));
    return JSON.stringify({ ...observation, legacy: answerOf(body), candidate: answerOf(body) });
  },
  'a body that is hardly base64': () =>
    JSON.stringify({ ...observation, legacy: answerOf(`${repeat('A')}!`) }),
  'a long target': () => JSON.stringify({ ...observation, target: `/${repeat('x')}` }),
  'a long method': () => JSON.stringify({ ...observation, method: repeat('x') }),
  'a long field': () => JSON.stringify({ ...observation, requestHeaders: [['x', repeat('y')]] }),
  'a long caller': () => JSON.stringify({ ...observation, caller: { user: repeat('語') } }),
  'a long name': () => JSON.stringify({ ...observation, [repeat('k')]: 1 }),
  'a long text of escapes': () =>
    JSON.stringify({ ...observation, method: 'M' }).replace('"M"', `"${repeat('\\u0041')}"`),
};

test.each(Object.entries(TEXTS))(
  'a batch of the largest size with %s never holds the thread for long',
  (_, make) => {
    const body = Buffer.from(`{"observations":[${make()}]}`);
    expect(body.length).toBeGreaterThan(LARGEST_BATCH - 16_384);
    const read = () => parseBody(observationBatchBody, parseBatch(body)).observations;
    const refused = new RefusedReports(pino({ level: 'silent' }));
    const observations = read();
    expect(quickestMs(read, TURN_MS)).toBeLessThan(TURN_MS);
    const check = () => [...parseObservations(observations, refused)];
    expect(quickestMs(check, TURN_MS)).toBeLessThan(TURN_MS);
  },
);

test('as many values as are allowed, of the costliest kind, are parsed at once', () => {
  const names = Array.from({ length: 80_000 }, (_, at) => `"${'k'.repeat(100)}${at}":{}`).join(',');
  const body = Buffer.from(`{"observations":[{${names}}]}`);
  expect(quickestMs(() => parseBatch(body), TURN_MS)).toBeLessThan(TURN_MS);
});
