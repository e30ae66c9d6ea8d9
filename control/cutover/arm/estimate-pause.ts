/**
 * What the hold would take, measured while nothing is held: each part by the same round trips, without their effect. The
 * proxies' part is measured by the step `lease`.
 */
import type { PausePart } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

export async function estimatePause(context: ArmContext): Promise<readonly PausePart[]> {
  const { sides, places, note } = context;
  const port = context.port('stream');
  const oldMs = await measure(() => sides.oldFence.state());
  const newMs = await measure(() => sides.newFence.state());
  const journalMs = await context.journalMs();
  const barrierMs = await measure(async () => {
    if (port) await port.waitForDurable(await port.currentPosition(), 5_000);
  });
  const sequencesMs = await measure(() => sides.sequences.behind());
  const blockers = await sides.oldFence.blockers();
  const longest = Math.max(0, ...blockers.map(({ openForMs }) => openForMs ?? 0));
  if (longest > 100)
    note(
      `${blockers.length} transactions have written the tables and are open, the oldest for ${Math.round(longest)} ms: the fence waits for their end.`,
    );
  return [
    // Two statements and a commit that is flushed.
    { part: 'fence', ms: 3 * oldMs },
    { part: 'barrier', ms: barrierMs },
    // For each table: its keys, and the rows of both sides at the same time.
    { part: 'verify', ms: places.tables.length * (oldMs + Math.max(oldMs, newMs)) },
    { part: 'sequences', ms: sequencesMs },
    { part: 'journal', ms: 3 * journalMs },
    { part: 'lift', ms: 3 * newMs },
  ];
}

async function measure(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
