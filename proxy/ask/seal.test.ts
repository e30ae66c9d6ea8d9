import type { AskedRequest } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { Seal } from './seal.ts';

const seal = new Seal('a-secret-of-sixteen-or-more');
const asked: AskedRequest = {
  slice: 'notes',
  route: 'list',
  requestId: 'r1',
  method: 'GET',
  httpVersion: '1.1',
  target: '/api/notes',
  targets: { legacy: '/api/notes', candidate: '/v2/notes' },
  requestHeaders: [],
  caller: { user: 'ann' },
};
const sealed = { ...asked, seal: seal.of(asked) };

describe('the seal', () => {
  it('is valid for the request that it was made for', () => {
    expect(seal.isOn(sealed)).toBe(true);
  });

  it.each<[string, Partial<AskedRequest>]>([
    ['another user', { caller: { user: 'director' } }],
    ['a tenant', { caller: { user: 'ann', tenant: 'blue' } }],
    ['no caller', { caller: 'anonymous' }],
    ['another target', { target: '/api/notes/2' }],
    ['another target at a side', { targets: { ...asked.targets, candidate: '/internal' } }],
    ['another method', { method: 'HEAD' }],
    ['another slice', { slice: 'other' }],
    ['no seal', { seal: undefined }],
    ['a seal that is too short', { seal: 'x' }],
  ])('is invalid for %s', (_, over) => {
    expect(seal.isOn({ ...sealed, ...over })).toBe(false);
  });

  it('is invalid under another secret', () => {
    expect(new Seal('another-secret-of-sixteen').isOn(sealed)).toBe(false);
  });
});
