/**
 * Strangers choose headers, targets, cookies and bodies. A function that needs quadratic or exponential time for some of
 * them stops a worker or the control plane for everybody (ReDoS). Each such function is held to 20 ms for 32 KB of the
 * texts that its own patterns find hardest.
 */
import {
  isShownKey,
  type ObservedResponse,
  printable,
  printableJson,
  refusalText,
  rewriteSchema,
} from '@ficus/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareResponses } from '../../parity/compare/compare-responses.ts';
import { isFieldName } from '../../parity/redact/field-name.ts';
import { isHarmless, KeptValues, prepareAllowed } from '../../parity/redact/kept-values.ts';
import { showTarget, targetPieces } from '../../parity/redact/shown-target.ts';
import { StandIns } from '../../parity/redact/stand-ins.ts';
import { curlCommand } from '../../parity/reproduce/curl-command.ts';
import { prepareRules } from '../../parity/rules/ignore-rules.ts';
import { parseJsonPattern, patternCovers } from '../../parity/rules/json-path.ts';
import { clientAddress } from '../../proxy/accept/client-address.ts';
import { readFields } from '../../proxy/accept/inspected-head.ts';
import { createForceOverride } from '../../proxy/identify/force-override.ts';
import { compileHost } from '../../proxy/match/conditions/host.ts';
import { compilePatternTest } from '../../proxy/match/conditions/linear-pattern.ts';
import { configOf } from '../../proxy/match/route-config.fixture.ts';
import { buildRouteTable } from '../../proxy/match/route-table.ts';
import { isRequestId, isTraceparent } from '../../proxy/observe/trace-context.ts';
import { compileResponseRewrite } from '../../proxy/respond/rewrite-response.ts';
import { canonicalPath } from '../../proxy/wire/canonical-path.ts';
import { continuesConnectionLogin, usesConnectionLogin } from '../../proxy/wire/connection-login.ts';
import { cookieValue } from '../../proxy/wire/cookie.ts';
import { NetworkList } from '../../proxy/wire/network-list.ts';
import { Query } from '../../proxy/wire/query.ts';
import { splitTarget } from '../../proxy/wire/request-target.ts';
import { tooSlowOn } from '../parts/cost-bound.ts';

const NOT_SHOWN = new KeptValues();
const answer = (contentType: string, body: string, header = ''): ObservedResponse => ({
  status: 200,
  headers: [
    ['content-type', contentType],
    ['x-any', header],
    ['vary', header],
    ['location', header],
    ['set-cookie', header],
  ],
  body: Buffer.from(body),
  truncated: false,
  durationMs: 1,
});
const compare = (legacy: ObservedResponse, candidate: ObservedResponse) =>
  compareResponses(legacy, candidate, { kept: new KeptValues() });
const json = 'application/json';
const rewrite = compileResponseRewrite(
  rewriteSchema.parse({ cookieDomain: { a: 'b' }, addPrefix: '/x' }),
  { authority: 'h:1', basePath: '' },
  '',
  '/x',
);
const force = createForceOverride({ trustedNetworks: [], secret: 'sixteen-characters' })!;
const TRUSTED = new NetworkList(['10.0.0.0/8']);

/** Every function that reads what strangers send, by what it reads. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'a login on a connection': (text) => usesConnectionLogin(text) || continuesConnectionLogin(text),
  'a challenge': (text) =>
    continuesConnectionLogin(`NTLM ${text}`) || continuesConnectionLogin(`,NTLM${text}`),
  'a cookie': (text) => cookieValue(text, 'sid'),
  'a path': (text) => canonicalPath(`/${text}`),
  'an absolute target': (text) => splitTarget(`http://h${text}`, 'GET'),
  'X-Forwarded-For': (text) => clientAddress('10.0.0.1', TRUSTED, text),
  'a trace context': (text) => isTraceparent(text) || isRequestId(text),
  'an upgrade': (text) => readFields(['upgrade', text, 'cookie', text]),
  'a tester’s override': (text) => force.read(text, '10.0.0.1', 0),
  'a host': (text) => compileHost('*.shop.example')[0]!.holds({ host: text } as never),
  'a query': (text) => new Query(text).get('v') ?? new Query(text).get('%2e'),
  'fields of an answer under a rewrite': (text) =>
    rewrite(
      { headers: ['Link', text, 'Refresh', text, 'Set-Cookie', text, 'Location', `//${text}`] } as never,
      { scheme: 'http', authority: 'o', prefix: '' },
    ),
  'a media type': (text) => compare(answer(`a/b;c${text}d`, 'a'), answer(`a/b;c="${text};`, 'b')),
  // The bound is for all fields of a head together.
  'headers that differ': (text) => {
    const field = text.slice(-text.length / 4);
    return compare(answer(json, '1', field), answer(json, '1', `${field}x`));
  },
  'bodies of text': (text) => compare(answer('text/html', text), answer('text/html', `${text}x`)),
  'strings in JSON': (text) =>
    compare(answer(json, JSON.stringify([text])), answer(json, JSON.stringify([`${text}x`]))),
  'names in JSON': (text) =>
    compare(answer(json, JSON.stringify({ [text]: 1 })), answer(json, JSON.stringify({ [text]: 2 }))),
  'JSON that is none': (text) => compare(answer(json, `[${text}`), answer(json, `{${text}`)),
  // Written as text: making the object would cost more than comparing it.
  'many members': (text) =>
    compare(
      answer(
        json,
        `{${[...text.slice(0, 2000)].map((each, at) => `${JSON.stringify(each + at)}:{"a":${at}}`)}}`,
      ),
      answer(json, '{}'),
    ),
  'a stand-in': (text) => new StandIns().of(text),
  'a text for the terminal': (text) => printable(text).length + printableJson(text).length,
  'a refusal': (text) => refusalText(Object.assign(new Error(text), { code: '22P02' })),
  'a field’s name': (text) => isFieldName(text) || isShownKey(text) || isHarmless(text),
  'a sample’s target': (text) =>
    showTarget(targetPieces(`/a/${text}?${text}`, '/a/:id', NOT_SHOWN), NOT_SHOWN),
  'a curl command': (text) =>
    curlCommand(
      {
        method: 'GET',
        target: targetPieces(`/${text}?${text}`, '/*', NOT_SHOWN),
        headers: [
          [text, text],
          ['accept', text],
        ],
      },
      'http://h',
      NOT_SHOWN,
    ),
};

/** What such patterns begin with, and what they wait for. */
const PIECES = [
  ...[
    'a',
    '0',
    ' ',
    '\t',
    ';',
    ',',
    '=',
    '"',
    "'",
    '\\',
    '/',
    '.',
    ':',
    '@',
    '%',
    '<',
    '>',
    '&',
    '?',
    '-',
    '_',
    '[',
    '{',
  ],
  ...[
    'a=',
    '="',
    'a ',
    ' =',
    '; ',
    '%2',
    '%2e',
    '%2f',
    '/.',
    '/../',
    '//',
    '1.',
    '1:',
    '0,',
    '"a":',
    '{"a":',
    '[0,',
    '\\"',
  ],
  ...[
    'eyJ',
    '-eyJ',
    'a@',
    '@a.',
    'sid=',
    '"sid',
    '<a',
    '&a=',
    'a&b',
    '::',
    '[:',
    '-1',
    '1e',
    '0.0',
    '‹',
    'ü',
    '\u001b[',
  ],
];

describe('what strangers send', () => {
  for (const [what, read] of Object.entries(READERS)) {
    test(what, () => {
      for (const piece of PIECES) {
        for (const end of ['', '!', '\n']) expect(tooSlowOn(read, piece, end)).toBeUndefined();
      }
      const start = fc.constantFrom('', 'a', 'a=', '"', '<', '5;url=', 'a;b', '{"a":"', '/.');
      const pieces = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(start, pieces, fc.constantFrom('', '!', '"', 'b'), (before, repeated, end) => {
          const reads = (text: string) => read(`${before}${text}`);
          expect(tooSlowOn(reads, repeated.join(''), end)).toBeUndefined();
        }),
        { numRuns: 80 },
      );
    });
  }
});

describe('expressions of a config', () => {
  test.each([
    '(a+)+b',
    '(?:a|aa)+b',
    '(\\w+\\s?)*c',
    '.*a.*a.*a.*a.*z',
    '(?:a?){40}a{40}b',
    '(?:.*,){12}x',
    '([a-z]*)*[0-9]',
    'a*a*a*a*a*a*a*b',
  ])('a condition: %s', (source) => {
    const matches = compilePatternTest(source);
    for (const piece of ['a', 'aa ', 'a,', 'ab', 'z', '\u00e9']) {
      expect(tooSlowOn(matches, piece)).toBeUndefined();
    }
  });

  test.each(['/x/:a([\\w-]*)!', '/x/:a-:b-:c.:d', '/x/:a(\\d{3}):b.c'])('a path: %s', (path) => {
    const table = buildRouteTable(configOf([{ id: 'a', path }]));
    for (const piece of ['a', '-', 'a-', '.', '1', '111']) {
      const find = (text: string) => table.find('GET', `/x/${text}`, {} as never);
      expect(tooSlowOn(find, piece, '?')).toBeUndefined();
    }
  });

  test('a JSON path with many “..” over a body nested deep', () => {
    const pattern = parseJsonPattern('$..a..a..b..a..a..b..a..a..c')!;
    const covers = (path: string) => patternCovers(pattern, path.split('.'));
    for (const piece of ['a.', 'a.b.', 'a.a.b.']) expect(tooSlowOn(covers, piece, 'x')).toBeUndefined();
  });
});

/** A document nested as deep as 32 KB allow, with many leaves that differ, or one value in place of all of it. */
test.each([
  ['members', '{"a":', '}'],
  ['items', '[', ']'],
  ['both', '[{"a":', '}]'],
])('JSON nested deep: %s', (_, open, close) => {
  let share = 1;
  const nested = (text: string, leaf: unknown) => {
    // Deeper ones are not walked: they would exhaust the stack.
    const depth = Math.floor(text.length / (open.length + close.length) / share);
    return answer(json, `${open.repeat(depth)}${JSON.stringify(leaf)}${close.repeat(depth)}`);
  };
  const numbers = Array.from({ length: 40 }, (_, at) => at);
  const rules = prepareRules([{ path: '$..b..b..b', reason: 'none' }], 'r', '2026-01-01');
  for (const allow of [[], ['$..b.c', '$..a..b']]) {
    const kept = () => new KeptValues(prepareAllowed(allow));
    const leaves = (text: string) =>
      compareResponses(nested(text, numbers), nested(text, numbers.map(String)), { kept: kept(), rules });
    const absent = (text: string) =>
      compareResponses(nested(text, 1), answer(json, '{"x":1}'), { kept: kept(), rules });
    for (share of [1, 2, 4, 8]) {
      expect(tooSlowOn(leaves, ' ')).toBeUndefined();
      expect(tooSlowOn(absent, ' ')).toBeUndefined();
    }
  }
});
