import { describe, expect, test } from 'vitest';
import { judgeRow } from './judge-row.ts';
import type { SideRow } from './side-reader.ts';

const row = (version: string, ...texts: (string | null)[]): SideRow => ({ texts, version });
const NAMES = ['id', 'state'];

describe('a row that is read three times', () => {
  test('is equal, whatever the source did since', () => {
    const looks = { before: [row('1', '7', 'a')], found: [row('', '7', 'a')], after: [row('2', '7', 'b')] };
    expect(judgeRow(NAMES, looks)).toEqual({ kind: 'equal' });
  });

  test('is different only when the source did not change', () => {
    const before = [row('1', '7', 'a')];
    const found = [row('', '7', null)];
    expect(judgeRow(NAMES, { before, found, after: [row('2', '7', 'a')] })).toEqual({ kind: 'moving' });
    expect(judgeRow(NAMES, { before, found, after: before })).toEqual({
      kind: 'different',
      rows: 1,
      columns: [{ name: 'state', expected: 'a', found: null }],
    });
  });

  test('equal rows of a table without a key are counted', () => {
    const twice = [row('1', '7', 'a'), row('2', '7', 'a')];
    const [once] = twice as [SideRow];
    expect(judgeRow(NAMES, { before: twice, found: [], after: twice })).toMatchObject({
      kind: 'missing',
      rows: 2,
    });
    expect(judgeRow(NAMES, { before: twice, found: [once], after: twice })).toMatchObject({
      kind: 'missing',
      rows: 1,
    });
    expect(judgeRow(NAMES, { before: [once], found: [...twice, once], after: [once] })).toMatchObject({
      kind: 'extra',
      rows: 2,
    });
    expect(judgeRow(NAMES, { before: twice, found: [...twice].reverse(), after: [] }).kind).toBe('equal');
  });

  test('of several rows with one key, the differing one is reported, in any order', () => {
    const before = [row('1', '7', 'a'), row('2', '7', 'b')];
    const found = [row('', '7', 'a'), row('', '7', 'x')];
    expect(judgeRow(NAMES, { before, found, after: before })).toEqual({
      kind: 'different',
      rows: 1,
      columns: [{ name: 'state', expected: 'b', found: 'x' }],
    });
  });

  test('is missing, extra, or was deleted meanwhile', () => {
    const there = [row('1', '7', 'a')];
    expect(judgeRow(NAMES, { before: there, found: [], after: there }).kind).toBe('missing');
    expect(judgeRow(NAMES, { before: [], found: there, after: [] }).kind).toBe('extra');
    expect(judgeRow(NAMES, { before: there, found: [], after: [] }).kind).toBe('moving');
    expect(judgeRow(NAMES, { before: [], found: [], after: [] }).kind).toBe('equal');
  });
});
