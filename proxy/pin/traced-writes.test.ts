import { beforeEach, describe, expect, test } from 'vitest';
import { TracedWrites } from './traced-writes.ts';

let traced: TracedWrites;
beforeEach(() => {
  traced = new TracedWrites();
  progress('0/10');
});
const progress = (appliedLsn: string, healthy = true) =>
  traced.progress({ notes: { appliedLsn, healthy }, tags: { appliedLsn, healthy } });

describe('a traced write', () => {
  test('goes with the next question after its answer, with what had been applied when it began', () => {
    traced.begin(1, 'notes', 'a');
    expect(traced.take(['notes'])).toBeUndefined();
    progress('0/20');
    traced.begin(1, 'notes', 'b');
    traced.answered(1, 'notes', 'a');
    traced.answered(1, 'notes', 'b');
    expect(traced.take(['notes'])).toEqual([
      { slice: 'notes', traceparent: 'a', after: '0/10' },
      { slice: 'notes', traceparent: 'b', after: '0/20' },
    ]);
    expect(traced.take(['notes'])).toBeUndefined();
  });

  test('is one write in each of its slices', () => {
    traced.begin(1, 'notes', 'a');
    traced.begin(1, 'tags', 'a');
    traced.answered(1, 'notes', 'a');
    traced.answered(1, 'tags', 'a');
    expect(traced.take(['notes', 'tags'])?.map(({ slice }) => slice)).toEqual(['notes', 'tags']);
  });

  test('is forgotten where it is not known how far the stream is, or its owner changes', () => {
    progress('0/30', false);
    traced.begin(1, 'notes', 'unknown');
    traced.answered(1, 'notes', 'unknown');
    progress('0/40');
    for (const name of ['answered', 'open']) traced.begin(1, 'notes', name);
    traced.answered(1, 'notes', 'answered');
    traced.forget('notes');
    traced.answered(1, 'notes', 'open');
    expect(traced.take(['notes'])).toBeUndefined();
  });
});

describe('bounds', () => {
  const writes = Array.from({ length: 3_000 }, (_, count) => `trace ${count}`);

  test('writes without an answer, and those of a worker that exits, keep no room', () => {
    for (const name of writes) traced.begin(1, 'notes', name);
    traced.begin(2, 'notes', 'too many');
    traced.workerGone(1);
    for (const name of writes) traced.answered(1, 'notes', name);
    traced.answered(2, 'notes', 'too many');
    expect(traced.take(['notes'])).toBeUndefined();
    for (const name of writes) traced.begin(2, 'notes', name);
    for (const name of writes) traced.answered(2, 'notes', name);
    expect(traced.take(['notes'])).toHaveLength(1_000);
  });

  test('answers during a long question, or without a control plane, fill no memory', () => {
    for (const name of writes) {
      traced.begin(1, 'notes', name);
      traced.answered(1, 'notes', name);
    }
    expect(traced.take(['notes'])).toHaveLength(1_000);
  });
});
