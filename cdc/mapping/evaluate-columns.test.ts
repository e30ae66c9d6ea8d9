import { expect, test } from 'vitest';
import { isConstant, isWidening, textOfConstant } from './evaluate-columns.ts';

test.each([
  ['7', true],
  ["'-1'::integer", true],
  ['(0)::numeric', true],
  ["'now(it''s)'::character varying(20)", true],
  ["'{}'::text[]", true],
  ['ARRAY[]::text[]', true],
  ['now()', false],
  ["nextval('t_id_seq'::regclass)", false],
  ['CURRENT_TIMESTAMP', false],
  ['"odd name"(1)', false],
  [undefined, false],
])('default %s is constant: %s', (sql, constant) => {
  expect(isConstant(sql)).toBe(constant);
});

test.each([
  ['character varying(20)', 'character varying(50)', true],
  ['character varying(20)', 'character varying', true],
  ['character varying(50)', 'character varying(20)', false],
  ['character varying', 'character varying(20)', false],
  ['character varying(9)[]', 'character varying(3)[]', false],
  ['bit varying(8)', 'bit varying(4)', false],
  ['numeric(8,2)', 'numeric(10,4)', true],
  ['numeric(8,2)', 'numeric', true],
  ['numeric(8,2)', 'numeric(8)', false],
  ['numeric', 'numeric(10,2)', false],
  ['timestamp with time zone', 'timestamp(3) with time zone', false],
  ['timestamp(3) without time zone', 'timestamp(6) without time zone', true],
  ['timestamp with time zone', 'timestamp(6) with time zone', true],
  ['integer', 'bigint', false],
])('%s to %s keeps every value: %s', (before, now, same) => {
  expect(isWidening(before, now)).toBe(same);
});

test.each([
  ['7', '7'],
  ["'it''s'::character varying(9)", "it's"],
  ["('1.5'::numeric)::numeric(8,2)", '1.5'],
  ["'a::b'::text", 'a::b'],
  ["'{}'::text[]", '{}'],
  [`'new'::"App".state`, 'new'],
  ['(-1)', '-1'],
  ['false', 'false'],
  ["ARRAY['a'::text]", undefined],
  ["('a'::text || 'b'::text)", undefined],
])('the value of %s is %s', (sql, value) => {
  expect(textOfConstant(sql)).toBe(value);
});
