/** Documents stay true: their configs are valid, and the commands and files that they name exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildProgram } from '@ficus/cli';
import { parseConfig } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesNamedIn, ROOT } from '../parts/named-files.ts';

const documents = globSync('**/*.md', { cwd: ROOT, exclude: ['**/node_modules/**', '.ficus/**'] });
const textOf = (document: string) => readFileSync(join(ROOT, document), 'utf8');

test('there are documents', () => {
  expect(documents).toContain('README.md');
  expect(documents.length).toBeGreaterThan(8);
});

test('the README’s config is valid, and has ten lines or little more', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(textOf('README.md')) ?? [];
  expect(parseConfig(parse(yaml), {})).toMatchObject({ ok: true });
  expect(yaml.trim().split('\n').length).toBeLessThanOrEqual(10);
});

test('decisions are numbered without gap or repetition, as their titles say', () => {
  const decisions = documents.filter((document) => /^docs\/adr\/\d{4}-/.test(document)).sort();
  const numbers = decisions.map((decision) => Number(/(\d{4})-[^/]+$/.exec(decision)![1]));
  expect(numbers).toEqual(decisions.map((_, at) => at + 1));
  expect(decisions.map((decision) => Number(/^# (\d+)\. /.exec(textOf(decision))?.[1]))).toEqual(numbers);
});

describe.each(documents)('%s', (document) => {
  const text = textOf(document);

  test('links lead to existing files', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => match[1] ?? '');
    const broken = links.filter((link) => !existsSync(join(ROOT, dirname(document), link)));
    expect(broken).toEqual([]);
  });

  test('files that it names exist', () => {
    // By their path in the repository or beside the document.
    const exists = (file: string) =>
      [ROOT, join(ROOT, dirname(document))].some((at) => existsSync(join(at, file)));
    expect(filesNamedIn(text).filter((file) => !exists(file))).toEqual([]);
  });

  test('npm scripts that it names exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...text.matchAll(/npm run ([a-z0-9:-]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('commands of ficus that it runs exist', () => {
    const known = new Set(buildProgram().commands.map((command) => command.name()));
    const named = [...text.matchAll(/npx ficus ([a-z-]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
