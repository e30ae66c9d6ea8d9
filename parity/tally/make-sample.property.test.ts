/** Whatever a stored sample is made from, it contains no secret of the exchange. */
import type { Observation, ObservedResponse } from '@ficus/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareResponses } from '../compare/compare-responses.ts';
import { makeSample } from './make-sample.ts';

const SENSITIVE = [
  'password',
  'api_key',
  'accessToken',
  'Set-Cookie',
  'sessionId',
  'email',
  'IBAN',
  'phone_number',
];
const secret = fc.stringMatching(/^[A-Za-z0-9]{12,30}$/).map((text) => `SECRET${text}`);

const answer = (body: unknown): ObservedResponse => ({
  status: 200,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(body)),
  truncated: false,
  durationMs: 1,
});

it('holds no secret', () => {
  fc.assert(
    fc.property(secret, secret, fc.constantFrom(...SENSITIVE), fc.nat(3), (one, other, name, depth) => {
      const nest = (value: unknown, levels: number): unknown =>
        levels === 0 ? value : levels % 2 ? { data: nest(value, levels - 1) } : [nest(value, levels - 1)];
      const [legacy, candidate] = [
        answer(nest({ [name]: one, id: 1, whole: { [name]: one } }, depth)),
        answer(nest({ [name]: other, id: 2 }, depth)),
      ];
      const verdict = compareResponses(legacy, candidate);
      expect(verdict.kind).toBe('mismatch');
      const observation: Observation = {
        slice: 's',
        route: 'r',
        requestId: 'id',
        at: 0,
        method: 'GET',
        httpVersion: '1.1',
        target: `/a?x=1&${name}=${one}`,
        targets: { legacy: `/a?${name}=${one}`, candidate: `/a?${name}=${one}` },
        requestHeaders: [
          ['cookie', `sid=${one}`],
          ['authorization', `Bearer ${one}`],
          ['x-ficus-identity', one],
          ['referer', `http://shop.example/reset?${name}=${one}`],
          ['x-on-behalf-of', `${one}@example.org`],
          ['x-real-ip', one],
          ['x-custom', 'plain'],
          ['X-User-Id', one],
        ],
        caller: { user: one, tenant: other },
        servedBy: 'legacy',
        owner: 'legacy',
        epoch: 1,
        pinned: false,
        legacy,
        candidate,
      };
      const text = JSON.stringify(
        makeSample(observation, verdict, {
          legacy: 'http://o',
          candidate: 'http://n',
          callerHeaders: ['x-user-id'],
        }),
      );
      expect(text).not.toContain('SECRET');
      expect(text).toContain('plain');
    }),
  );
});
