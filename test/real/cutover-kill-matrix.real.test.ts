/** A selection of the kill matrix, which `npm run kill-matrix` runs whole; and a proof that it finds what it looks for. */
import { afterEach, expect, test } from 'vitest';
import { evaluateMatrix } from '../faults/kill-matrix.ts';
import { selectCells } from '../faults/matrix/cells.ts';
import { gatherEvidence } from '../faults/matrix/evidence.ts';
import { runMatrix } from '../faults/matrix/run-matrix.ts';
import { bringUp, settle } from '../faults/matrix/settle.ts';
import { Stage } from '../faults/matrix/stage.ts';

/** In an order in which each begins with the owner that the one before it leaves. */
const CELLS = [
  'victim=coordinator,signal=KILL,step=fence,direction=forward',
  'victim=legacy db,signal=crash,step=fence,direction=forward',
  'victim=control db,signal=crash,step=sequences,direction=forward',
  'victim=applier,signal=cut,step=barrier,direction=forward',
  'victim=coordinator,signal=KILL,step=journal,direction=back',
  'victim=candidate db,signal=crash,step=lift,direction=forward',
  'victim=worker,signal=KILL,step=hold,direction=back',
  'victim=proxy,signal=KILL,step=barrier,direction=forward',
].flatMap(selectCells);

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

test('whatever is killed at whichever step, the attempt is undone or completed, nothing is lost, one side owns', async () => {
  const result = await runMatrix({ cells: CELLS, rounds: 1, limitMs: 200_000 });
  const { results, lost, faults, left } = result;
  const found = results.flatMap((cell) => [...cell.lost, ...cell.faults]);
  expect({ found, lost, faults, left }).toEqual({ found: [], lost: [], faults: [], left: 0 });
  expect(evaluateMatrix(result)).toBe(true);
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['as before', 'completed']));
});

test('a second owner and a lost write are found', async () => {
  stage = await Stage.open();
  await bringUp(stage);
  await settle(stage, 'candidate');
  const { load } = stage;
  const first = load.records.length;
  const ofCell = () => load.records.slice(first);
  // By hand, against the journal: the legacy's fence lets writers pass, and its side door does.
  await stage.query('legacy', 'DROP SCHEMA ficus_fence CASCADE');
  const wroteOnLegacy = () =>
    ofCell().some(({ through, failure }) => through === 'legacy' && failure === undefined);
  await expect.poll(wroteOnLegacy).toBe(true);
  const [acknowledged] = ofCell().filter(({ failure }) => failure === undefined);
  const { tag } = acknowledged!;
  await stage.query('candidate', 'ALTER TABLE orders DISABLE TRIGGER USER');
  await stage.query('candidate', 'DELETE FROM orders WHERE tag = $1', [tag]);
  const { lost, faults } = await gatherEvidence(stage, ofCell(), 2_000);
  expect(lost).toContain(`${tag} is not on candidate`);
  expect(faults.some((fault) => fault.startsWith('two owners: legacy-'))).toBe(true);
  expect(faults.at(-1)).toMatch(/^candidate owns epoch \d+, and the fences are legacy none/);
});
