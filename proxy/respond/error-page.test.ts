import { expect, test } from 'vitest';
import { ErrorPage, prefersHtml } from './error-page.ts';

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', true],
  ['text/html', true],
  ['text/html;q=0.5, */*;q=0.1', true],
  ['application/json, text/html', true],
  ['application/json, text/html;q=0.9', false],
  ['application/problem+json, text/html;q=0.9', false],
  ['application/json, text/plain, */*', false],
  ['text/html;q=0', false],
  ['*/*', false],
  ['text/*', false],
  ['', false],
  [undefined, false],
])('Accept: %j', (accept, html) => {
  expect(prefersHtml(accept)).toBe(html);
});

test('what it shows is text, whatever it contains', () => {
  const problem = {
    type: 't',
    status: 502,
    title: 'No <b>bold</b>',
    detail: `"'&`,
    code: 'FICUS_INTERNAL',
  } as const;
  const page = new ErrorPage(undefined).render(problem, '{{detail}}<script>');
  expect(page).toContain('<h1>No &lt;b&gt;bold&lt;/b&gt;</h1>');
  expect(page).toContain('<p>&quot;&#39;&amp;</p>');
  expect(page).toContain('502 · {{detail}}&lt;script&gt;');
});

test('a template that is not there is named', () => {
  expect(() => new ErrorPage('/nowhere/page.html')).toThrow('/nowhere/page.html');
});
