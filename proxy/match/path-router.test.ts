import { describe, expect, test } from 'vitest';
import { PathRouter } from './path-router.ts';

const EXACT = { ignoreCase: false, ignoreTrailingSlash: false };

function routerOf(patterns: readonly string[], paths = EXACT): (path: string) => string | undefined {
  const router = new PathRouter<{ pattern: string }>(paths);
  for (const pattern of patterns) router.add('GET', pattern, { pattern });
  return (path) => router.find('GET', path)?.pattern;
}

describe('a parameter is never empty', () => {
  test.each<[string, string[], string[]]>([
    ['/carts/:id', ['/carts/7', '/carts/%2F', '/carts/a;b'], ['/carts/', '/carts', '/carts/7/']],
    ['/:page', ['/a'], ['/']],
    ['/carts/:id?', ['/carts', '/carts/7'], ['/carts/']],
    ['/carts/:id/', ['/carts/7/'], ['/carts/', '/carts/7']],
    ['/:a/:b', ['/x/y'], ['/x/', '/']],
    ['/docs/:name.pdf', ['/docs/a.pdf', '/docs/.a.pdf'], ['/docs/.pdf', '/docs/.pdf/']],
    ['/v:major/users', ['/v2/users'], ['/v/users', '/v']],
    ['/v:major', ['/v2'], ['/v', '/v2/']],
    ['/:from-:to', ['/a-b', '/a-b-c'], ['/-b', '/a-', '/-', '/']],
    ['/:from-:to.:ext', ['/a-b.c'], ['/a-b.', '/a-.c', '/-b.c']],
    ['/:y(\\d{4})-:rest', ['/2024-x'], ['/2024-', '/x-y']],
    ['/by/:id([^/]+)', ['/by/a'], ['/by/', '/by']],
    ['/by/:kind((?:old|new):?)', ['/by/old', '/by/new:'], ['/by/', '/by/x']],
    ['/clock/:hour(\\d+)h:minute(\\d+)m', ['/clock/1h2m'], ['/clock/h2m']],
    ['/a::b/:c', ['/a:b/c'], ['/a:b/']],
  ])('%s', (pattern, matching, others) => {
    const find = routerOf([pattern]);
    expect(matching.map(find)).toEqual(matching.map(() => pattern));
    expect(others.map(find)).toEqual(others.map(() => undefined));
  });

  test('its path goes to the route that does match', () => {
    const find = routerOf(['/carts/:id', '/carts/', '/*', '/carts/:id/lines/:line']);
    expect(find('/carts/')).toBe('/carts/');
    expect(find('/carts/7/lines/')).toBe('/*');
    expect(find('/carts/7')).toBe('/carts/:id');
    expect(routerOf(['/carts/:id', '/carts/*'])('/carts/')).toBe('/carts/*');
  });

  test('what stands first does not depend on it', () => {
    const find = routerOf(['/files/:name', '/files/:id(\\d+)', '/files/:name.txt']);
    expect(find('/files/12')).toBe('/files/:id(\\d+)');
    expect(find('/files/a.txt')).toBe('/files/:name.txt');
    expect(find('/files/a')).toBe('/files/:name');
  });

  test('a long segment of many separators costs no time', () => {
    const find = routerOf(['/:a-:b-:c-:d.:e']);
    const before = process.threadCpuUsage();
    for (const unit of ['-', 'a-', '.', 'a.-']) find(`/${unit.repeat(32_000 / unit.length)}`);
    // Microseconds of the processor: the clock's would count what else the machine does.
    expect(process.threadCpuUsage(before).user).toBeLessThan(200_000);
  });
});

describe('case', () => {
  test('counts unless the config says otherwise', () => {
    expect(routerOf(['/api/Notes/:id'])('/api/notes/A')).toBeUndefined();
    const find = routerOf(['/api/Notes/:id', '/api/x/:id([a-z])'], { ...EXACT, ignoreCase: true });
    expect(find('/API/nOTES/A')).toBe('/api/Notes/:id');
    expect(find('/api/NOTES/')).toBeUndefined();
  });

  test('patterns that differ only in case are then the same', () => {
    expect(() => routerOf(['/a', '/A'], { ...EXACT, ignoreCase: true })).toThrow('already declared');
  });
});

describe('a slash at the end', () => {
  test('counts unless the config says otherwise', () => {
    expect(routerOf(['/notes', '/drafts/'])('/notes/')).toBeUndefined();
    expect(routerOf(['/notes', '/drafts/'])('/drafts')).toBeUndefined();
  });

  test.each([
    ['/notes/', '/notes'],
    ['/notes', '/notes'],
    ['/drafts', '/drafts/'],
    ['/drafts/', '/drafts/'],
    ['/notes/7/', '/notes/:id'],
    ['/files/', '/files/*'],
    ['/files', undefined],
    ['/', undefined],
  ])('ignored: %s is %s', (path, pattern) => {
    const ignoring = { ...EXACT, ignoreTrailingSlash: true };
    const find = routerOf(['/notes', '/drafts/', '/notes/:id', '/files/*', '/:one/two'], ignoring);
    expect(find(path)).toBe(pattern);
  });
});
