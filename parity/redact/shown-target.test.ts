import { expect, it } from 'vitest';
import { KeptValues, prepareAllowed } from './kept-values.ts';
import { showTarget, targetPieces } from './shown-target.ts';

const shown = (target: string, pattern: string, allow: string[] = []) => {
  const kept = new KeptValues(prepareAllowed(allow));
  return showTarget(targetPieces(target, pattern, kept), kept);
};

it.each([
  ['/api/notes', '/api/notes', /^\/api\/notes$/],
  ['/users/mia/notes/712', '/users/:name/notes/:id', /^\/users\/‹[a-z]{3}›\/notes\/‹\d{3}›$/],
  ['/files/a/b?x=1', '/files/*', /^\/files\/‹[a-z]\/[a-z]›\?x=‹\d›$/],
  ['/reset?code=q1w2&page=2', '/reset', /^\/reset\?code=‹[a-z]\d[a-z]\d›&page=‹\d›$/],
  ['/x?pass%77ord=hunter2', '/x', /^\/x\?‹[a-z]{4}%\d{2}[a-z]{3}=[a-z]{6}\d›$/],
  ['/x?mia@example.org&debug', '/x', /^\/x\?‹[a-z]{3}@[a-z]{7}\.[a-z]{3}›&debug$/],
  ['/other/mia', '/x', /^\/‹[a-z]{5}›\/‹[a-z]{3}›$/],
  ['/a//b', '/a/:x', /^\/a\/\/‹[a-z]›$/],
])('%s of %s', (target, pattern, expected) => {
  expect(shown(target, pattern)).toMatch(expected);
});

it('shows the parameters that the config allows', () => {
  expect(shown('/users/mia?page=2&q=tea', '/users/:name', ['path.name', 'query.page'])).toMatch(
    /^\/users\/mia\?page=2&q=‹[a-z]{3}›$/,
  );
});
