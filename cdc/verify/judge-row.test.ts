import { describe, expect, test } from 'vitest';
import { judgeRow } from './judge-row.ts';
import type { SideRow } from './side-reader.ts';

const row = (version: string, ...texts: (string | null)[]): SideRow => ({ texts, version });
const NAMES = ['id', 'state'];

describe('a row that is looked at three times', () => {
  test('equal, whatever the source did since', () => {
    const looks = { before: [row('1', '7', 'a')], found: [row('', '7', 'a')], after: [row('2', '7', 'b')] };
    expect(judgeRow(NAMES, looks)).toEqual({ kind: 'equal' });
  });

  test('different only while the source stood still', () => {
    const before = [row('1', '7', 'a')];
    const found = [row('', '7', null)];
    expect(judgeRow(NAMES, { before, found, after: [row('2', '7', 'a')] })).toEqual({ kind: 'moving' });
    expect(judgeRow(NAMES, { before, found, after: before })).toEqual({
      kind: 'different',
      columns: [{ name: 'state', expected: 'a', found: null }],
    });
  });

  test('missing, extra, and a row that was deleted meanwhile', () => {
    const there = [row('1', '7', 'a')];
    expect(judgeRow(NAMES, { before: there, found: [], after: there }).kind).toBe('missing');
    expect(judgeRow(NAMES, { before: [], found: there, after: [] }).kind).toBe('extra');
    expect(judgeRow(NAMES, { before: there, found: [], after: [] }).kind).toBe('moving');
    expect(judgeRow(NAMES, { before: [], found: [], after: [] }).kind).toBe('equal');
  });
});
