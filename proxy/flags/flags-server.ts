/**
 * Flags from a real Unleash server: polled, with the tag of the last answer. Evaluated by unleash-client like those of
 * every other source; its own repository is not used for fetching, because one that is stopped while it waits for an
 * answer ends the process with an error that cannot be caught (6.12).
 */
import type { FlagsConfig } from '@ficus/core';
import { createFeaturesPoll } from './features-poll.ts';
import type { FlagsSource, FlagsSourceHooks } from './flags-source.ts';

const MOST_REPORTED = 20;

export function openFlagsServer(
  config: NonNullable<FlagsConfig['unleash']>,
  hooks: FlagsSourceHooks,
): FlagsSource {
  let reported = '';
  // A server without tags repeats them in each answer.
  const poll = createFeaturesPoll(config.url, { authorization: config.token }, (leftOut) => {
    const text = leftOut.slice(0, MOST_REPORTED).join('; ');
    if (text !== reported && text !== '') hooks.onProblem(`flags that cannot be read are off: ${text}`);
    reported = text;
  });
  let known = 0;
  let stopped = false;
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function pollOnce(): Promise<void> {
    try {
      const set = await poll.ask();
      if (stopped) return;
      problem = undefined;
      if (!set) return;
      if (known > 0 && set.features.length === 0)
        hooks.onProblem('the Unleash server has no flag any more: all are off, and the legacy serves');
      known = set.features.length;
      hooks.onFlags(set);
    } catch (error) {
      if (stopped) return;
      if (problem === undefined)
        hooks.onProblem(`Unleash server does not answer, the last flags stay in place: ${String(error)}`);
      problem = `the Unleash server does not answer: ${String(error)}`;
    }
  }

  async function pollForever(): Promise<void> {
    await pollOnce();
    if (!stopped) timer = setTimeout(() => void pollForever(), config.refreshMs);
  }

  return {
    first: pollForever(),
    get problem() {
      return problem;
    },
    reload: pollOnce,
    stop() {
      stopped = true;
      clearTimeout(timer);
      poll.stop();
    },
  };
}
