import { expect, onTestFinished, test, vi } from 'vitest';
import { Positions } from '../positions.ts';
import { BatchBuilder } from './batch-builder.ts';
import type { ChangeWatch } from './change-watch.ts';
import { Intake } from './intake.ts';
import { WireWriter } from './wire-writer.fixture.ts';

const WATCH: ChangeWatch = {
  sawTransaction: () => undefined,
  open: () => undefined,
  shut: () => undefined,
  isOpen: () => false,
  touched: () => undefined,
  invalidate: () => undefined,
};
const LIMIT = 100_000;

test('a row far above the limit is not copied again for each piece that arrives', () => {
  const wire = new WireWriter(false);
  wire.begin();
  wire.insert(['1', 'small', 'x'.repeat(LIMIT * 100)]);
  wire.commit();
  const bytes = wire.finish();
  const positions = new Positions();
  const intake = new Intake(
    (buffer) =>
      new BatchBuilder({ slice: 's', stream: 's/forward', plans: [], positions, watch: WATCH }, buffer),
    { keepalive: () => undefined, control: () => undefined },
    LIMIT,
  );
  const made = vi.spyOn(Buffer, 'allocUnsafe');
  onTestFinished(() => made.mockRestore());
  for (let at = 0; at < bytes.length; at += 16_384) intake.push(bytes.subarray(at, at + 16_384));
  const copied = made.mock.calls.reduce((sum, [size]) => sum + size, 0);
  expect(intake.ready).toBe(true);
  expect(copied).toBeLessThan(bytes.length * 2);
});
