/** A response is equal to itself; any single change is found at its place, unless a rule names that place. */
import type { ObservedResponse } from '@ficus/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptValues } from '../redact/kept-values.ts';
import { prepareRules } from '../rules/ignore-rules.ts';
import { formatJsonPath, type JsonStep } from '../rules/json-path.ts';
import { compareResponses } from './compare-responses.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const json = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<Json>;
const headerField = fc.tuple(
  fc.constantFrom('x-total', 'link', 'cache-control', 'vary', 'location', 'set-cookie', 'etag', 'date'),
  fc.stringMatching(/^[a-z0-9=;,/ ]{0,20}$/),
);

const respond = (body: Json, headers: [string, string][] = []): ObservedResponse => ({
  status: 200,
  headers: [['content-type', 'application/json; charset=utf-8'], ...headers],
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
  durationMs: 1,
});

it('finds nothing between a response and itself', () => {
  fc.assert(
    fc.property(json, fc.array(headerField), fc.boolean(), (body, headers, failing) => {
      const response = respond(body, headers);
      expect(compareResponses(response, structuredClone(response)).kind).toBe('match');
      if (failing && 'status' in response) {
        const broken = { ...response, status: 500 };
        expect(compareResponses(broken, broken).kind).toBe('inconclusive');
      }
    }),
  );
});

it('finds any single planted change at its place, and calls it noise only when a rule names the place', () => {
  fc.assert(
    fc.property(json, fc.nat(), (body, seed) => {
      const places = leaves(body);
      const place = places[seed % places.length] ?? [];
      const changed = plant(body, place);
      const kept = new KeptValues(() => true);
      const verdict = compareResponses(respond(body), respond(changed), { kept });
      const path = formatJsonPath(place);
      expect(verdict).toMatchObject({ kind: 'mismatch', differences: [{ path }] });

      const named = prepareRules([{ path, reason: 'planted' }], 'r', '2026-01-01');
      expect(compareResponses(respond(body), respond(changed), { rules: named })).toEqual({
        kind: 'noise',
        rules: [`${path} (planted)`],
      });
      const elsewhere = prepareRules([{ path: '$.not.there[7]', reason: 'other' }], 'r', '2026-01-01');
      expect(compareResponses(respond(body), respond(changed), { rules: elsewhere }).kind).toBe('mismatch');
    }),
  );
});

it('finds any two numbers that are written differently, and no other', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?$/);
  fc.assert(
    fc.property(
      digits,
      digits,
      fc.constantFrom('#', '[#]', '{"a":{"b":#}}', '[1,"2.50",#,3]'),
      (a, b, frame) => {
        const [left, right] = [a, b].map((number) => ({
          ...(respond(null) as Extract<ObservedResponse, { status: number }>),
          body: Buffer.from(frame.replace('#', number)),
        }));
        expect(compareResponses(left!, right!).kind).toBe(a === b ? 'match' : 'mismatch');
      },
    ),
    { numRuns: 1000 },
  );
});

it('finds any change of the bytes of other bodies', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (bytes, seed) => {
      const image = (body: Uint8Array): ObservedResponse => ({
        status: 200,
        headers: [['content-type', 'image/png']],
        body,
        truncated: false,
        durationMs: 1,
      });
      const changed = Uint8Array.from(bytes);
      const at = seed % bytes.length;
      changed[at] = ((changed[at] ?? 0) + 1) % 256;
      expect(compareResponses(image(bytes), image(changed)).kind).toBe('mismatch');
      expect(compareResponses(image(bytes), image(Uint8Array.from(bytes))).kind).toBe('match');
    }),
  );
});

/** Places of scalars and of empty containers. */
function leaves(value: Json, steps: JsonStep[] = []): JsonStep[][] {
  const children: [JsonStep, Json][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : value !== null && typeof value === 'object'
      ? Object.entries(value)
      : [];
  if (children.length === 0) return [steps];
  return children.flatMap(([step, child]) => leaves(child, [...steps, step]));
}

function plant(value: Json, [step, ...rest]: JsonStep[]): Json {
  if (step === undefined) return value === 'planted' ? 'planted twice' : 'planted';
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? plant(item, rest) : item));
  return Object.fromEntries(
    Object.entries(value as { [name: string]: Json }).map(([name, member]) => [
      name,
      name === step ? plant(member, rest) : member,
    ]),
  );
}
