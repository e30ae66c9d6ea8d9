/** Which admin address is asked, and which gets the token of the config. */
import { controlSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { askedProxy, warnOfToken, withPort } from './asked-proxy.ts';

const control = controlSchema.parse({ token: 'a token that may read' });
const record = { pid: 1, host: 'here', provider: 'file', hasDatabase: false } as const;
const ask = (running: string | undefined, admin: string | undefined, isValid = true) =>
  askedProxy({ admin, control, isValid }, running === undefined ? undefined : { ...record, admin: running });

test.each<[string, Parameters<typeof ask>]>([
  ['the one of the config', [undefined, 'ops.example:8082']],
  ['the running one, which the config names', ['ops.example:8082', 'ops.example:8082']],
  ['the running one, to which the config leaves the port', ['10.0.0.5:40001', '10.0.0.5:0']],
  ['the running one of this machine, where the config cannot be read', ['127.0.0.1:8082', undefined, false]],
])('%s gets the token', (_, args) => {
  expect(ask(...args)).toEqual({ admin: args[0] ?? args[1], token: control.token, isWithheld: false });
});

test.each<[string, Parameters<typeof ask>]>([
  ['another one than the config names', ['127.0.0.1:8082', '127.0.0.1:9000']],
  ['on another host than the config names', ['10.0.0.5:40001', '10.0.0.6:0']],
  ['where the config names none', ['127.0.0.1:8082', undefined]],
  ['of another machine, where the config cannot be read', ['10.0.0.5:8082', undefined, false]],
  ['another one than a config names that is not valid', ['127.0.0.1:8082', '127.0.0.1:9000', false]],
])('a running one %s is asked without the token, and that is said', (_, args) => {
  const asked = ask(...args);
  expect(asked).toEqual({ admin: args[0], token: undefined, isWithheld: true });
  const said: string[] = [];
  warnOfToken(asked, (text) => said.push(text));
  expect(said).toEqual([expect.stringContaining(`No token is sent to ${args[0]}`)]);
});

test('without a token there is nothing to withhold', () => {
  const running = { ...record, admin: '127.0.0.1:8082' };
  const named = { admin: '127.0.0.1:9000', control: undefined, isValid: true };
  expect(askedProxy(named, running)).toEqual({ admin: running.admin, token: undefined, isWithheld: false });
});

test.each([
  ['127.0.0.1:8082', 0],
  ['localhost:8082', 0],
  ['0.0.0.0:8082', 0],
  ['10.0.0.5:8082', 1],
  ['ops.example:8082', 1],
])('a token that goes to %s: lines %i', (admin, lines) => {
  const said: string[] = [];
  warnOfToken(ask(undefined, admin), (text) => said.push(text));
  expect(said).toHaveLength(lines);
});

test('an address keeps the name that the config gives it, with the port that it got', () => {
  expect(withPort('localhost:0', 'http://127.0.0.1:40001')).toBe('localhost:40001');
  expect(withPort('[::1]:0', 'http://[::1]:40001')).toBe('[::1]:40001');
  expect(withPort('127.0.0.1:443', 'https://127.0.0.1')).toBe('127.0.0.1:443');
  expect(withPort('127.0.0.1:8082', undefined)).toBe('127.0.0.1:8082');
});
