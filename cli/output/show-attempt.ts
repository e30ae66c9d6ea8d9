/**
 * An attempt while it runs, on standard error: a line for each step that has ended, and on a terminal what the present one
 * waits for, redrawn in place. Standard output gets the outcome alone.
 */
import type { AttemptView, CutoverView } from '@ficus/contract';
import { otherSide, printable } from '@ficus/core';
import { describeRunning, formatStep } from './format-step.ts';
import { type Progress, showProgress } from './show-progress.ts';
import { print } from './terminal.ts';

export interface ShownAttempt {
  update(attempt: AttemptView): void;
  /** The control plane does not answer, for now. */
  away(attempt: AttemptView): void;
  /** Clears what is redrawn. */
  end(): void;
}

/** @param json a document is the output: lines are shown on a terminal only */
export function showAttempt(
  { slice, attempt }: CutoverView,
  json = false,
  stream: NodeJS.WriteStream = process.stderr,
): ShownAttempt {
  const title = `${attempt?.operation ?? 'cutover'} ${printable(slice)}`;
  const progress = showProgress(title, stream);
  const say = (text: string) => {
    if (json && !stream.isTTY) return;
    progress.end();
    print(`${text}\n`, stream);
  };
  if (attempt) say(`${title}: ${describeStart(attempt)}`);
  return { ...showSteps(progress, say, stream), end: () => progress.end() };
}

function showSteps(
  progress: Progress,
  say: (text: string) => void,
  stream: NodeJS.WriteStream,
): Omit<ShownAttempt, 'end'> {
  const shown = new Set<string>();
  let isAway = false;
  return {
    update(attempt) {
      isAway = false;
      for (const step of attempt.steps) {
        const hasEnded = step.state === 'done' || step.state === 'failed';
        if (!hasEnded || shown.has(step.step)) continue;
        shown.add(step.step);
        say(`  ${formatStep(step, attempt, stream)}`);
      }
      if (attempt.finishedAt === null) progress.update(describeRunning(attempt));
    },
    away({ step }) {
      if (!isAway)
        say(`  The control plane does not answer; step ${step} was the last that was seen. Waiting for it …`);
      isAway = true;
    },
  };
}

/** `the writes go from the legacy to the candidate (epoch 4)` */
export function describeStart({ newOwner, epoch, dryRun }: AttemptView): string {
  const verb = dryRun ? 'would go' : 'go';
  return `writes ${verb} from the ${otherSide(newOwner)} to the ${newOwner} (epoch ${epoch})`;
}
