import { controlSchema, tokenFor } from '@ficus/core';
import { expect, test } from 'vitest';
import { ControlOfUp } from './control-of-up.ts';

const LISTEN = '127.0.0.1:8081';
const parse = (control: object) => controlSchema.parse({ listen: '127.0.0.1:0', ...control });

test('a restarted process starts with what was there at first, and the newest tokens', () => {
  const up = new ControlOfUp(parse({ token: 'first-token', database: 'postgres://a/a' }), LISTEN);
  const newest = parse({ token: 'second-token', database: 'postgres://b/b' });
  expect(up.settled(newest)).toMatchObject({
    listen: LISTEN,
    database: 'postgres://a/a',
    token: 'second-token',
  });
  expect(up.written(newest)).toMatchObject({
    listen: LISTEN,
    database: 'postgres://b/b',
    token: 'second-token',
  });
  expect(up.written(parse({ listen: '127.0.0.1:9999' }))).toMatchObject({ listen: '127.0.0.1:9999' });
});

test('the proxy has a token of its own, whatever becomes of the others', () => {
  const up = new ControlOfUp(parse({ token: 'first-token' }), LISTEN);
  const own = tokenFor(up.settled(undefined)!, 'report');
  expect(own).not.toBe('first-token');
  const reporter = { name: 'edge', roles: ['report'], token: 'token-of-the-edge' };
  const newest = parse({ tokens: [reporter] });
  for (const control of [up.settled(newest), up.written(newest)])
    expect(tokenFor(control!, 'report')).toBe(own);
});

test('from none to some, or back, they are those of the first start', () => {
  const tokensOf = (control: ReturnType<ControlOfUp['settled']>) => [control?.token, control?.tokens.length];
  const some = parse({ token: 'second-token' });
  const open = new ControlOfUp(parse({}), LISTEN);
  expect(tokensOf(open.settled(some))).toEqual([undefined, 0]);
  expect(tokensOf(open.written(some))).toEqual(['second-token', 1]);
  const locked = new ControlOfUp(some, LISTEN);
  expect(tokensOf(locked.settled(parse({})))).toEqual(['second-token', 1]);
  expect(tokensOf(locked.written(parse({})))).toEqual([undefined, 0]);
});
