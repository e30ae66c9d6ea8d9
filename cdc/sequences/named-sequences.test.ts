import { expect, test } from 'vitest';
import { drawsUnnamed, findDraws, parseName } from './named-sequences.ts';

test.each([
  ['ids', { schema: undefined, bare: 'ids' }],
  ['Ids', { schema: undefined, bare: 'ids' }],
  ['"Ids"."a.""b"""', { schema: 'Ids', bare: 'a."b"' }],
  ['shop . Ids', { schema: 'shop', bare: 'ids' }],
  ['a.b.c', undefined],
  ['"open', undefined],
  ['', undefined],
])('the name %s', (text, name) => {
  expect(parseName(text)).toEqual(name);
});

test.each([
  ["BEGIN NEW.id := nextval('ids'); RETURN NEW; END", 'id'],
  ['BEGIN new."Id" = pg_catalog.nextval(\'ids\'::regclass); RETURN NEW; END', 'Id'],
  ["BEGIN SELECT nextval('ids') INTO NEW.id FROM x; RETURN NEW; END", 'id'],
  ["BEGIN RETURN nextval(('ids'::text)::regclass); END", undefined],
])('a draw in %s', (source, column) => {
  expect(findDraws(source)).toEqual([{ sequence: { schema: undefined, bare: 'ids' }, column }]);
  expect(drawsUnnamed(source)).toBe(false);
});

test('comments draw nothing, and computed names are seen as such', () => {
  expect(findDraws("-- nextval('a')\n/* nextval('b') */")).toEqual([]);
  expect(drawsUnnamed("EXECUTE format('SELECT nextval(%L)', TG_TABLE_NAME || '_seq')")).toBe(true);
  expect(drawsUnnamed('NEW.id := nextval(name)')).toBe(true);
});
