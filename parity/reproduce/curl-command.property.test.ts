/**
 * The curl command is pasted into a shell and made of untrusted input: no part of that input may run as a
 * command.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { curlCommand, type ReproducedRequest } from './curl-command.ts';

// RFC 9110 section 5.6.2: what a method and a header name may be made of.
const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
const visible = fc.stringMatching(/^[ -~]{0,40}$/);

const requests: fc.Arbitrary<ReproducedRequest> = fc.record({
  method: token,
  target: visible.map((text) => `/${text.replaceAll(' ', '%20')}`),
  headers: fc.array(
    fc.tuple(
      token.map((name) => `x-${name.toLowerCase()}`),
      visible,
    ),
    { maxLength: 5 },
  ),
});

/** The arguments that the shell would pass to curl. */
function argumentsOf(commands: readonly string[]): string[][] {
  const script = `curl() { printf '%s\\0' "$@"; printf '\\0'; }\n${commands.join('\n')}`;
  const out = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: {} });
  return out
    .split('\0\0')
    .slice(0, -1)
    .map((line) => line.split('\0'));
}

it('reaches curl unchanged, whatever its parts are', () => {
  const sampled = fc.sample(requests, 300);
  const got = argumentsOf(sampled.map((request) => curlCommand(request, 'http://old')));
  expect(got).toHaveLength(sampled.length);
  for (const [index, request] of sampled.entries()) {
    const arguments_ = got[index] ?? [];
    expect(arguments_.slice(0, 2)).toEqual(['-sS', '-i']);
    // A method may be named `-H` as well.
    const url = arguments_.findIndex((argument) => argument.startsWith('http://old/'));
    expect(arguments_.slice(url).filter((argument) => argument === '-H')).toHaveLength(
      request.headers.filter(([name]) => !name.startsWith('x-forwarded-') && name !== 'x-request-id').length,
    );
    expect(url).toBeGreaterThan(1);
  }
});

it('does not run commands from a header’s name or a target', () => {
  const [got] = argumentsOf([
    curlCommand(
      {
        method: '`touch`',
        target: "/$(id)'; id #",
        headers: [
          ['x-token-`id`', 'secret'],
          ['accept', "a'$(id)`id`\\"],
        ],
      },
      'http://old',
    ),
  ]);
  expect(got).toEqual([
    '-sS',
    '-i',
    '-X',
    '`touch`',
    "http://old/$(id)'; id #",
    '-H',
    'x-token-`id`: ',
    '-H',
    "accept: a'$(id)`id`\\",
  ]);
});
