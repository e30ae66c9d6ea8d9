import { expect, test } from 'vitest';
import { describeFences, findForeignWrites, findLost, findRefusedButWritten } from './judge-cell.ts';

const changes = [
  { to: 'candidate', atUs: 100 },
  { to: 'legacy', atUs: 200 },
] as const;

test('a write counts for the owner that the journal names at its commit', () => {
  const write = (side: 'legacy' | 'candidate', atUs: number) => ({ tag: `${side}-${atUs}`, side, atUs });
  const right = [write('legacy', 99), write('candidate', 100), write('candidate', 199), write('legacy', 200)];
  expect(findForeignWrites(right, changes)).toEqual([]);
  const wrong = [write('candidate', 99), write('legacy', 150), write('candidate', 201)];
  expect(findForeignWrites([...right, ...wrong], changes)).toHaveLength(3);
});

test('an acknowledged write has to be on both sides', () => {
  const tags = { legacy: new Set(['a', 'b']), candidate: new Set(['a']) };
  expect(findLost(['a', 'b', 'c'], tags)).toEqual([
    'c is not on legacy',
    'b is not on candidate',
    'c is not on candidate',
  ]);
});

test('a write that was refused as sent nowhere has to be on no side', () => {
  const tags = { legacy: new Set<string>(), candidate: new Set(['a']) };
  expect(findRefusedButWritten(['a', 'b'], tags)).toEqual(['a']);
});

test('the owner’s fence lets writers pass, the other’s refuses them in the slice’s epoch', () => {
  const shut = { epoch: 5, mode: 'moved' } as const;
  const open = { epoch: 7, mode: 'observe' } as const;
  expect(describeFences('legacy', 5, { legacy: open, candidate: shut })).toBeUndefined();
  expect(describeFences('candidate', 5, { legacy: open, candidate: shut })).toBe(
    'candidate owns epoch 5, and the fences are legacy observe of epoch 7, candidate moved of epoch 5',
  );
  expect(describeFences('legacy', 6, { legacy: open, candidate: shut })).toContain('epoch 6');
  expect(describeFences('legacy', 5, { legacy: open, candidate: undefined })).toContain('candidate none');
});
