import { ParityTally } from '@ficus/parity';
import { expect, test } from 'vitest';
import { EvidenceStore, type StoredVerify } from './evidence-store.ts';
import type { Store } from './open-store.ts';

/** Records what is written. @param refuses whether the database refuses these values */
function play(refuses: (values: readonly unknown[]) => boolean = () => false) {
  const written: (readonly unknown[])[] = [];
  const query = async (_text: string, values: readonly unknown[] = []) => {
    if (refuses(values)) throw new Error('refused');
    written.push(values);
    return [];
  };
  const store = { query, transaction: (work: (q: typeof query) => Promise<void>) => work(query) };
  return { written, evidence: new EvidenceStore(store as unknown as Store) };
}

test('a verify that cannot be stored holds up no other', async () => {
  const { written, evidence } = play(([slice]) => slice === 'a');
  for (const slice of ['a', 'b']) evidence.keepVerify(slice, {} as StoredVerify);
  await expect(evidence.saveVerifies()).rejects.toThrow('refused');
  await expect(evidence.saveVerifies()).rejects.toThrow('refused');
  expect(written.map(([slice]) => slice)).toEqual(['b']);
});

test('samples are written again when their version comes back', async () => {
  const { written, evidence } = play();
  const report = new ParityTally(new Date(0)).report();
  const v1 = { version: 'v1', firstSeenAt: 0, lastSeenAt: 0, report };
  const samplesWritten = async (...found: (typeof v1)[]) => {
    written.length = 0;
    await evidence.saveEvidence('notes', found);
    return written.slice(1).map((values) => values[5]);
  };
  expect(await samplesWritten(v1)).toEqual(['[]']);
  expect(await samplesWritten(v1)).toEqual([null]);
  // Its row is deleted, and with it what is known of it.
  expect(await samplesWritten()).toEqual([]);
  expect(await samplesWritten(v1)).toEqual(['[]']);
});
