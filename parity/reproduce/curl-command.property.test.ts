/**
 * The curl command is pasted into a shell and made of untrusted input: no part of that input may run as a
 * command, and what may not be kept is a variable.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptValues, prepareAllowed } from '../redact/kept-values.ts';
import { type TargetPiece, targetPieces } from '../redact/shown-target.ts';
import { curlCommand, type ReproducedRequest } from './curl-command.ts';

// RFC 9110 section 5.6.2: what a method and a header name may be made of.
const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
const visible = fc.stringMatching(/^[ -~]{0,40}$/);

const piece: fc.Arbitrary<TargetPiece> = fc.oneof(
  visible.map((text) => ({ kind: 'text', text: text.replaceAll(' ', '%20') }) as const),
  fc.record({ kind: fc.constantFrom('path', 'query'), name: token, value: visible }),
);
const requests: fc.Arbitrary<ReproducedRequest> = fc.record({
  method: token,
  target: fc
    .array(piece, { maxLength: 5 })
    .map((pieces) => [{ kind: 'text', text: '/' } as const, ...pieces]),
  headers: fc.array(
    fc.tuple(
      token.map((name) => `x-${name.toLowerCase()}`),
      visible,
    ),
    { maxLength: 5 },
  ),
});
const kept = new KeptValues(prepareAllowed(['header.x-shown']));

/** The arguments that the shell would pass to curl; its variables are empty. */
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
  const got = argumentsOf(sampled.map((request) => curlCommand(request, 'http://old', kept)));
  expect(got).toHaveLength(sampled.length);
  for (const [index, request] of sampled.entries()) {
    const arguments_ = got[index] ?? [];
    expect(arguments_.slice(0, 2)).toEqual(['-sS', '-i']);
    const shown = request.target.map((each) => (each.kind === 'text' ? each.text : '')).join('');
    expect(arguments_).toContain(`http://old${shown}`);
  }
});

it('names a variable for each value, and a new one for a name that comes twice', () => {
  const target = targetPieces("/users/mia/o'hara?tag=a&tag=b&sort=asc", "/users/:id/o'hara", kept);
  const headers = [
    ['host', 'shop'],
    ['accept', 'application/json'],
    ['x-shown', 'yes'],
    ['cookie', 'sid=secret'],
    ['x-mia@example.org', '1'],
    ['x-forwarded-for', '10.0.0.1'],
  ] as const;
  expect(curlCommand({ method: 'GET', target, headers }, 'http://127.0.0.1:3000/', kept)).toBe(
    `curl -sS -i 'http://127.0.0.1:3000/users/'"$FICUS_PATH_ID"'/o'\\''hara?tag='"$FICUS_QUERY_TAG"` +
      `'&tag='"$FICUS_QUERY_TAG_2"'&sort='"$FICUS_QUERY_SORT" -H 'accept: application/json'` +
      ` -H 'x-shown: yes' -H 'cookie: '"$FICUS_COOKIE"`,
  );
});

it('does not run commands from a header’s name or a target', () => {
  const request = {
    method: '`touch`',
    target: [{ kind: 'text', text: "/$(id)'; id #" }] as const,
    headers: [
      ['x-token-`id`', 'secret'],
      ['x-shown', "a'$(id)`id`\\"],
    ] as const,
  };
  const [got] = argumentsOf([curlCommand(request, 'http://old', kept)]);
  expect(got).toEqual([
    '-sS',
    '-i',
    '-X',
    '`touch`',
    "http://old/$(id)'; id #",
    '-H',
    "x-shown: a'$(id)`id`\\",
  ]);
});
