/** Whatever a stored sample is made from, it holds no value of the exchange that is not on a list. */
import type { Observation, ObservedResponse } from '@ficus/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareResponses } from '../compare/compare-responses.ts';
import { KeptValues, prepareAllowed } from '../redact/kept-values.ts';
import { makeSample } from './make-sample.ts';

const secret = fc.stringMatching(/^[A-Za-z0-9]{12,30}$/).map((text) => `SECRET-2026-${text}`);
const name = fc.constantFrom('note', 'id', 'displayName', 'a b', 'mia@example.org', 'x');

const answer = (contentType: string, body: string, header: string): ObservedResponse => ({
  status: 200,
  headers: [
    ['content-type', contentType],
    ['x-trail', header],
    ['location', `/users/${header}?code=${header}`],
    ['set-cookie', `sid=${header}; Path=/${header}; Domain=${header}.example`],
  ],
  body: Buffer.from(body),
  truncated: false,
  durationMs: 1,
});

function observationOf(
  secretText: string,
  legacy: ObservedResponse,
  candidate: ObservedResponse,
): Observation {
  const target = `/users/${secretText}/x?note=${secretText}&${secretText}=1&${encodeURIComponent('a b')}=${secretText}`;
  return {
    ...{ slice: 's', route: 'r', requestId: 'id', at: 0, method: 'GET', httpVersion: '1.1', target },
    targets: { legacy: target, candidate: target },
    requestHeaders: [
      ['cookie', `theme=${secretText}`],
      ['x-anything', secretText],
      ['referer', `https://app.example/?code=${secretText}`],
      [secretText, '1'],
      ['accept', 'application/json'],
    ],
    caller: { user: secretText },
    ...{ servedBy: 'legacy', owner: 'legacy', epoch: 1, pinned: false, legacy, candidate },
  };
}

it('holds no secret', () => {
  fc.assert(
    fc.property(
      secret,
      secret,
      name,
      fc.nat(3),
      fc.constantFrom('json', 'html'),
      (one, other, member, depth, kind) => {
        // Equal answers match, and no sample is made of a match.
        fc.pre(one !== other);
        const nest = (value: unknown, levels: number): unknown =>
          levels === 0
            ? value
            : levels % 2
              ? { [`${one}@x`]: nest(value, levels - 1) }
              : [nest(value, levels - 1)];
        const body = (value: string) =>
          kind === 'json'
            ? JSON.stringify(
                nest(
                  {
                    [member]: value,
                    map: { [one]: { a: value }, [other]: { a: 1 } },
                    whole: { [value]: value },
                  },
                  depth,
                ),
              )
            : `<p title="${value}">${value}</p>`;
        const type = kind === 'json' ? 'application/json' : 'text/html';
        const [legacy, candidate] = [answer(type, body(one), one), answer(type, body(other), other)];
        const kept = new KeptValues();
        const verdict = compareResponses(legacy, candidate, { kept });
        expect(verdict.kind).toBe('mismatch');
        const urls = { legacy: `http://user:${one}@old`, candidate: 'http://new' };
        const sample = makeSample(observationOf(one, legacy, candidate), verdict, {
          ...urls,
          kept,
          pattern: '/users/:id/x',
          assertionHeader: 'x-ficus-identity',
        });
        expect(JSON.stringify(sample)).not.toContain('SECRET');
        expect(sample.curl.legacy).toContain('accept: application/json');
      },
    ),
  );
});

it('still shows where and how two answers differ, and what the config allows', () => {
  const json = (value: unknown) => answer('application/json', JSON.stringify(value), 'x');
  const kept = new KeptValues(prepareAllowed(['$.state']));
  const verdict = compareResponses(
    json({ state: 'open', at: '2026-01-01T10:00:00Z', count: 3, paid: true, total: 12.5, items: [1] }),
    json({ state: 'shut', at: '2026-01-01 10:00:00', count: 4, paid: null, total: '12.5' }),
    { kept },
  );
  const shown = Object.fromEntries(
    verdict.kind === 'mismatch' ? verdict.differences.map(({ path, ...values }) => [path, values]) : [],
  );
  expect(shown).toEqual({
    '$.state': { legacy: '"open"', candidate: '"shut"' },
    '$.at': {
      legacy: expect.stringMatching(/^"‹\d{4}-\d\d-\d{2}[A-Z]\d\d:\d\d:\d{2}[A-Z]›"$/),
      candidate: expect.stringMatching(/^"‹\d{4}-\d\d-\d\d \d\d:\d\d:\d\d›"$/),
    },
    '$.count': { legacy: '3', candidate: '4' },
    '$.paid': { legacy: 'true', candidate: 'null' },
    '$.total': {
      legacy: expect.stringMatching(/^‹\d\d\.\d›$/),
      candidate: expect.stringMatching(/^"‹\d\d\.\d›"$/),
    },
    '$.items': { legacy: '[1]', candidate: '(absent)' },
  });
});
