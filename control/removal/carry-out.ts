/**
 * Carries out a planned removal. A slice whose slot cannot be dropped keeps everything that its stream needs; the
 * control database comes last, and only when nothing else is left.
 */
import { type RemovalStep, runRemoval, type StepResult } from '@ficus/cdc';
import { describeFileError, FicusError } from '@ficus/core';
import type { Removal, RemovalFile, RemovalPart } from './removal.ts';

export interface StepOutcome {
  readonly part: RemovalPart;
  readonly step: RemovalStep;
  /** `kept`: not tried, because something before it is left. */
  readonly outcome: 'done' | 'failed' | 'kept';
  readonly problem: string | undefined;
}

export interface FileOutcome {
  readonly file: RemovalFile;
  readonly outcome: StepOutcome['outcome'];
  readonly problem: string | undefined;
}

export interface RemovalOutcome {
  readonly steps: readonly StepOutcome[];
  readonly files: readonly FileOutcome[];
  /** Nothing of Ficus is left but what is somebody else's. */
  readonly complete: boolean;
}

/** @throws FicusError FICUS_REMOVE_IN_USE, FICUS_UNINSTALL_IN_USE */
export async function carryOut(
  removal: Removal,
  onStep: (outcome: StepOutcome) => void,
): Promise<RemovalOutcome> {
  requireUnused(removal);
  const steps: StepOutcome[] = [];
  const inUse = new Set<string | undefined>();
  let complete = true;
  for (const part of removal.parts) {
    // The control database remembers what is left: as long as something is, so must it.
    const keep = part.place === 'control' ? !complete : inUse.has(part.slice);
    const outcomes = await runPart(part, keep);
    for (const outcome of outcomes) onStep(outcome);
    steps.push(...outcomes);
    if (outcomes.some(({ step, outcome }) => step.first && outcome === 'failed')) inUse.add(part.slice);
    complete &&= isComplete(part, outcomes);
  }
  const files: FileOutcome[] = [];
  for (const file of removal.files) files.push(await removeFile(file, !complete));
  return { steps, files, complete: complete && files.every(({ outcome }) => outcome === 'done') };
}

/** @throws FicusError FICUS_REMOVE_IN_USE for a slice, FICUS_UNINSTALL_IN_USE for everything */
export function requireUnused({ inUse, slice }: Removal): void {
  if (!inUse) return;
  throw new FicusError(slice === undefined ? 'FICUS_UNINSTALL_IN_USE' : 'FICUS_REMOVE_IN_USE', inUse);
}

async function removeFile(file: RemovalFile, keep: boolean): Promise<FileOutcome> {
  if (keep) return { file, outcome: 'kept', problem: undefined };
  return file.remove().then(
    () => ({ file, outcome: 'done', problem: undefined }),
    (error: unknown) => ({ file, outcome: 'failed', problem: describeFileError(error) }),
  );
}

async function runPart(part: RemovalPart, keep: boolean): Promise<StepOutcome[]> {
  const results: readonly StepResult[] = keep
    ? part.steps.map(() => ({ outcome: 'kept' }))
    : await runRemoval(part.url, part.steps);
  return part.steps.map((step, index) => {
    const result = results[index]!;
    const problem = result.outcome === 'failed' ? result.problem : undefined;
    return { part, step, outcome: result.outcome, problem };
  });
}

const isComplete = (part: RemovalPart, outcomes: readonly StepOutcome[]): boolean =>
  part.problem === undefined &&
  !part.remnants.some(({ missing }) => missing) &&
  outcomes.every(({ outcome }) => outcome === 'done');
