/** All checks of arm, one after the other: each names what it found, so that one run names everything. */
import type { Refusal } from '../attempt.ts';
import type { ArmReport } from '../ports.ts';
import type { ArmCheck, ArmContext } from './arm-context.ts';
import { checkObstacles } from './check-obstacles.ts';
import { checkSequences } from './check-sequences.ts';
import { checkStream } from './check-stream.ts';
import { checkVerified } from './check-verified.ts';
import { checkWayBack } from './check-way-back.ts';
import { checkWriters } from './check-writers.ts';
import { checkWrittenBy } from './check-written-by.ts';
import { estimatePause } from './estimate-pause.ts';

const LOOKS: readonly ArmCheck[] = [checkWrittenBy, checkWriters, checkObstacles];
/** They need streams that run. */
const MOVES: readonly ArmCheck[] = [checkSequences, checkWayBack, checkVerified];

export async function armSlice(context: ArmContext): Promise<ArmReport> {
  const notes: string[] = [];
  const noting: ArmContext = { ...context, note: (text) => notes.push(text) };
  const refusals = await refusalsOf(LOOKS, noting);
  const unready = await checkStream(noting);
  refusals.push(...unready);
  if (unready.length === 0) refusals.push(...(await refusalsOf(MOVES, noting)));
  if (refusals.length === 0) await context.sides.prepare();
  const isMeasured = context.attempt.rehearsal && unready.length === 0;
  return { refusals, notes, ...(isMeasured && { estimate: await estimatePause(noting) }) };
}

async function refusalsOf(checks: readonly ArmCheck[], context: ArmContext): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const check of checks) refusals.push(...(await check(context)));
  return refusals;
}
