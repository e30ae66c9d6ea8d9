import { configSchema, FicusError } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { EvidenceStore, type StoredEvidence } from '../store/evidence-store.ts';
import type { Store } from '../store/open-store.ts';
import { EvidenceKeeper } from './evidence-keeper.ts';
import { anObservation } from './observation.fixture.ts';
import { ParityService } from './parity-service.ts';

const config = configSchema.parse({
  version: 1,
  control: { listen: '127.0.0.1:0', database: 'postgres://127.0.0.1/control' },
  legacy: { url: 'http://legacy.test' },
  slices: {
    notes: { candidate: { url: 'http://candidate.test' }, routes: [{ id: 'list', path: '/api/notes' }] },
  },
});

function play() {
  const written: { slice: string; found: readonly StoredEvidence[] }[] = [];
  const faults: Error[] = [];
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const store = new (class extends EvidenceStore {
    override async saveEvidence(slice: string, found: readonly StoredEvidence[]): Promise<void> {
      const fault = faults.shift();
      if (fault) throw fault;
      written.push({ slice, found });
    }
  })({ query: async () => [] } as unknown as Store);
  const parity = new ParityService({
    config,
    catchUp: async () => true,
    stateOf: () => ({ owner: 'legacy', epoch: 1, writes: 'open' }),
    logger: pino({ level: 'silent' }),
  });
  return { written, faults, lines, parity, keeper: new EvidenceKeeper(store, parity, logger) };
}

test('writes what has changed, and nothing twice', async () => {
  const { written, parity, keeper } = play();
  parity.observe(anObservation());
  await keeper.save();
  await keeper.save();
  expect(written).toMatchObject([{ slice: 'notes', found: [{ version: '', report: { compared: 1 } }] }]);
  parity.reset('notes');
  await keeper.stop();
  expect(written[1]).toMatchObject({ found: [{ report: { compared: 0 } }] });
});

test('keeps what could not be written, and writes it later', async () => {
  const { written, faults, parity, keeper } = play();
  faults.push(new Error('away'));
  parity.observe(anObservation());
  await keeper.save();
  expect(written).toEqual([]);
  parity.observe(anObservation({ requestId: 'r2' }));
  await keeper.save();
  expect(written).toMatchObject([{ found: [{ report: { compared: 2 } }] }]);
});

test('says once that what was found cannot be stored, and when it is again', async () => {
  const { faults, lines, parity, keeper } = play();
  faults.push(new Error('the disk is full'), new Error('the disk is full'));
  parity.observe(anObservation());
  for (let turn = 0; turn < 4; turn += 1) await keeper.save();
  expect(lines).toMatchObject([
    { level: 50, slice: 'notes', err: { message: 'the disk is full' } },
    { level: 30, slice: 'notes', msg: 'evidence is stored again' },
  ]);
});

test('a reset that is not stored is an error, and is stored later', async () => {
  const { written, faults, parity, keeper } = play();
  parity.observe(anObservation());
  await keeper.save();
  faults.push(new FicusError('FICUS_DATABASE_UNREACHABLE', 'The database is away.'));
  parity.reset('notes');
  await expect(keeper.saveReset('notes')).rejects.toMatchObject({
    code: 'FICUS_CONTROL_NOT_STORED',
    message: expect.stringMatching(/ is not stored: The database is away\.$/),
  });
  await keeper.save();
  expect(written[1]).toMatchObject({ found: [{ report: { compared: 0 } }] });
});
