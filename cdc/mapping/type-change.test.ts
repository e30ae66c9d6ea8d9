import { expect, test } from 'vitest';
import { judgeTypeChange, type TypeChange, type Typed } from './type-change.ts';

/** A built-in type as the catalog describes it. */
function builtin(type: string): Typed {
  return {
    baseType: type.replace(/\([-\d,]+\)/, ''),
    baseTypeWithModifier: type,
    builtin: true,
    enumLabels: undefined,
  };
}

const own = (baseType: string, enumLabels?: readonly string[]): Typed => ({
  baseType,
  baseTypeWithModifier: baseType,
  builtin: false,
  enumLabels,
});

const TS = 'timestamp without time zone';
const TSTZ = 'timestamp with time zone';
const second = (type: string, digits: number) => type.replace(/^\w+/, (name) => `${name}(${digits})`);

const PAIRS: Readonly<Record<TypeChange, readonly (readonly [string, string])[]>> = {
  same: [
    ['text', 'text'],
    ['numeric(10,2)', 'numeric(10,2)'],
    ['uuid', 'uuid'],
    [TSTZ, TSTZ],
    ['character varying(20)[]', 'character varying(20)[]'],
  ],
  widening: [
    ['smallint', 'integer'],
    ['integer', 'bigint'],
    ['bigint', 'numeric'],
    ['bigint', 'numeric(19,0)'],
    ['integer', 'numeric(12,2)'],
    ['integer', 'double precision'],
    ['smallint', 'real'],
    ['numeric(10,2)', 'numeric'],
    ['numeric(10,2)', 'numeric(12,2)'],
    ['numeric(10,2)', 'numeric(12,4)'],
    ['numeric(9,0)', 'integer'],
    ['numeric(18)', 'bigint'],
    ['numeric(10,2)', 'double precision'],
    ['real', 'double precision'],
    ['money', 'numeric'],
    ['boolean', 'integer'],
    ['character varying(20)', 'character varying(50)'],
    ['character varying(20)', 'text'],
    ['character(9)', 'character varying(9)'],
    ['character(3)', 'character(9)'],
    ['uuid', 'character varying(36)'],
    ['uuid', 'text'],
    ['jsonb', 'text'],
    ['json', 'jsonb'],
    ['jsonb', 'json'],
    ['date', TS],
    [second(TS, 0), TS],
    [second(TS, 0), second(TS, 3)],
    ['interval(0)', 'interval'],
    ['interval day', 'interval'],
    ['time without time zone', 'interval'],
    ['cidr', 'inet'],
    ['macaddr', 'macaddr8'],
    ['bit(3)', 'bit varying(3)'],
    ['bit(3)', '"bit"'],
    ['integer[]', 'bigint[]'],
    ['integer[]', 'text'],
  ],
  bounded: [
    ['bigint', 'integer'],
    ['integer', 'smallint'],
    ['bigint', 'numeric(10,0)'],
    ['numeric(10,0)', 'integer'],
    ['numeric(12,2)', 'numeric(10,2)'],
    ['character varying(20)', 'character varying(3)'],
    ['character varying(20)[]', 'character varying(3)[]'],
    ['text', 'character varying(255)'],
    ['text', 'character(9)'],
    ['character varying(3)', 'character(9)'],
    ['bigint', 'character varying(10)'],
    ['jsonb', 'character varying(10)'],
    ['macaddr8', 'macaddr'],
    ['bit varying', 'bit varying(3)'],
    ['bit(3)', 'bit(4)'],
  ],
  utc: [
    [TSTZ, TS],
    [TS, TSTZ],
    ['date', TSTZ],
    ['time without time zone', 'time with time zone'],
    [`${TSTZ}[]`, `${TS}[]`],
  ],
  narrowing: [
    ['numeric', 'integer'],
    ['numeric', 'numeric(10,2)'],
    ['numeric(10,4)', 'numeric(10,2)'],
    ['numeric(10,4)', 'numeric(4)'],
    ['numeric', 'double precision'],
    ['numeric(20,2)', 'double precision'],
    ['numeric', 'money'],
    ['integer', 'numeric(10,-2)'],
    ['bigint', 'double precision'],
    ['integer', 'real'],
    ['double precision', 'real'],
    ['double precision', 'numeric'],
    ['double precision', 'bigint'],
    ['real', 'numeric(20,10)'],
    ['money', 'integer'],
    ['integer', 'boolean'],
    [TS, second(TS, 0)],
    [second(TS, 3), second(TS, 0)],
    [TSTZ, second(TSTZ, 0)],
    [TSTZ, second(TS, 0)],
    [TS, 'date'],
    [TSTZ, 'date'],
    [TS, 'time without time zone'],
    ['time with time zone', 'time without time zone'],
    ['time without time zone', 'time(0) without time zone'],
    ['interval', 'interval(0)'],
    ['interval', 'interval day'],
    ['interval', 'time without time zone'],
    ['inet', 'cidr'],
    ['text', 'name'],
    ['text', '"char"'],
    ['numeric[]', 'numeric(10,2)[]'],
  ],
  unknown: [
    ['text', 'integer'],
    ['text', 'jsonb'],
    ['character varying(5)', TS],
    ['integer', 'money'],
    ['text', 'integer[]'],
    ['xml', 'json'],
  ],
};

const cases = Object.entries(PAIRS).flatMap(([change, pairs]) =>
  pairs.map(([from, to]) => [from, to, change]),
);

test.each(cases)('%s → %s is %s', (from, to, change) => {
  expect(judgeTypeChange(builtin(from!), builtin(to!))).toBe(change);
});

test.each<[string, Typed, Typed, TypeChange]>([
  ['an enum in itself', own('shop.mood', ['sad']), own('shop.mood', ['sad']), 'same'],
  [
    'an enum in one with more labels',
    own('shop.mood', ['sad']),
    own('public.state', ['sad', 'glad']),
    'same',
  ],
  ['an enum in one with fewer', own('shop.mood', ['sad', 'glad']), own('shop.mood', ['sad']), 'bounded'],
  ['an enum in a text', own('shop.mood', ['sad']), builtin('text'), 'same'],
  ['a text in an enum', builtin('text'), own('shop.mood', ['sad']), 'bounded'],
  ['citext in text', own('public.citext'), builtin('text'), 'same'],
  ['text in citext', builtin('text'), own('public.citext'), 'same'],
  ['an own type in itself', own('gis.geometry'), own('gis.geometry'), 'same'],
  ['an own type in another', own('gis.geometry'), own('gis.geography'), 'unknown'],
  ['an own type in a text', own('gis.geometry'), builtin('text'), 'widening'],
])('%s: %s', (_what, from, to, change) => {
  expect(judgeTypeChange(from, to)).toBe(change);
});
