import { describe, expect, test } from 'vitest';
import { decideNeedsHost, decideSameResource } from './compare-answers.ts';
import type { Answer } from './polite-client.ts';

const at = (status: number, body = '', type = 'text/html', location?: string) => ({
  status,
  type,
  body,
  location,
});

describe('another spelling of a path', () => {
  test.each<[string, ReturnType<typeof at>, ReturnType<typeof at>, ReturnType<typeof at>, string]>([
    ['is answered like the path', at(200), at(200), at(404), 'same'],
    ['is answered like a path that does not exist', at(200), at(404), at(404), 'other'],
    ['is redirected', at(200), at(301, '', 'text/html', '/a/'), at(404), 'other'],
    [
      'is refused like the path',
      at(401, '', 'application/json'),
      at(401, '', 'application/json'),
      at(404),
      'same',
    ],
    ['everything is refused', at(401, 'no'), at(401, 'no'), at(401, 'no'), 'unclear'],
    ['everything is one page', at(200, 'app'), at(200, 'app'), at(200, 'app'), 'unclear'],
    ['everything is 200, with another text', at(200, 'list'), at(200, 'list'), at(200, 'none'), 'same'],
    [
      'everything is 200, and this is the page of nothing',
      at(200, 'list'),
      at(200, 'none'),
      at(200, 'none'),
      'other',
    ],
    ['everything is 200 and differs', at(200, 'a'), at(200, 'b'), at(200, 'c'), 'unclear'],
    ['the server fails', at(200), at(503), at(404), 'unclear'],
    ['too many were asked for', at(200), at(429), at(404), 'unclear'],
  ])('%s', (_, original, spelled, missing, expected) => {
    expect(decideSameResource(original, spelled, missing)).toBe(expected);
  });
});

describe('a monolith that is asked under the proxy’s host', () => {
  const answer = (status: number, body = '', location?: string): Answer => ({
    status,
    body,
    type: 'text/html',
    headers: location === undefined ? {} : { location },
  });
  const page = (title: string) => answer(200, `<html><title>${title}</title>`);
  test.each<[string, Answer, Answer, boolean]>([
    ['answers alike', page('Shop'), page('Shop'), false],
    ['refuses it', page('Shop'), answer(400), true],
    ['knows no such site', page('Shop'), answer(421), true],
    ['shows the server’s own page', page('Shop'), page('Welcome to nginx'), true],
    ['redirects to its own host', page('Shop'), answer(301, '', 'http://shop.example/'), true],
    ['redirects as before', answer(302, '', '/login'), answer(302, '', 'http://proxy/login'), false],
    ['fails', page('Shop'), answer(500), false],
  ])('%s: %#', (_, own, foreign, expected) => {
    expect(decideNeedsHost(own, foreign, new URL('http://shop.example/'))).toBe(expected);
  });
});
