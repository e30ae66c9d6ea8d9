/**
 * Flags from the control plane's built-in store, over Unleash's streaming client API: `unleash-connected` brings the
 * whole set, `unleash-updated` the changes. A flip arrives within milliseconds. While no event arrives (the stream is
 * down, or something in between holds events back) the flags are polled each second, with the tag of the last answer;
 * without an answer, the last flags stay in place.
 */
import type { ClientFeatures, ControlClientConfig } from '@ficus/core';
import { controlFetch } from '../link/control-tls.ts';
import { EventStream } from '../link/event-stream.ts';
import { applyDelta, type DeltaEvent } from './feature-set.ts';
import { createFeaturesPoll } from './features-poll.ts';
import type { FlagsSource, FlagsSourceHooks } from './flags-source.ts';

const POLL_EACH_MS = 1_000;
const NO_FLAGS: ClientFeatures = { version: 2, features: [], segments: [] };

export interface BuiltinAccess {
  readonly headers: Readonly<Record<string, string>>;
  /** For https. */
  readonly tls?: ControlClientConfig | undefined;
}

/** @param apiUrl base of the client API, ending in /api */
export function openFlagsStream(
  apiUrl: string,
  { headers, tls }: BuiltinAccess,
  hooks: FlagsSourceHooks,
): FlagsSource {
  let set = NO_FLAGS;
  let settle: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let up = true;
  let problem: string | undefined;
  let streaming = false;
  const base = apiUrl.replace(/\/$/, '');
  const poll = createFeaturesPoll(apiUrl, headers, undefined, controlFetch(tls));
  const timer = setInterval(() => void pollOnce(), POLL_EACH_MS);
  timer.unref();
  async function pollOnce(): Promise<void> {
    if (streaming) return;
    const polled = await poll.ask().then(
      (answer) => {
        problem = undefined;
        return answer;
      },
      (error: unknown) => {
        problem = `the control plane does not answer: ${String(error)}`;
        return undefined;
      },
    );
    // The stream is newer than any answer that was on its way when it reconnected.
    if (polled === undefined || streaming) return;
    set = polled;
    hooks.onFlags(set);
    settle();
  }
  const stream = new EventStream({
    url: `${base}/client/streaming`,
    tls,
    headers: { ...headers, 'unleash-appname': 'ficus', 'unleash-client-spec': '5.2.0' },
    onUp: () => {
      up = true;
    },
    onDown: (reason) => {
      // Reported once per outage, not for each attempt to reconnect.
      if (up) hooks.onProblem(`flags stream is down, the last flags stay in place: ${reason}`);
      up = false;
      streaming = false;
    },
    onEvent: ({ event, data }) => {
      if (event !== 'unleash-connected' && event !== 'unleash-updated') return;
      try {
        set = applyDelta(set, readEvents(data));
        streaming = true;
        problem = undefined;
        poll.forget();
        hooks.onFlags(set);
        settle();
      } catch (error) {
        hooks.onProblem(`flags event cannot be read, the last flags stay in place: ${String(error)}`);
      }
    },
    silenceMs: 60_000,
  });
  return {
    first,
    get problem() {
      return problem;
    },
    reload: pollOnce,
    stop() {
      clearInterval(timer);
      poll.stop();
      stream.stop();
    },
  };
}

function readEvents(data: string): DeltaEvent[] {
  const { events } = JSON.parse(data) as { events?: unknown };
  if (!Array.isArray(events)) throw new Error('no list of events');
  return events as DeltaEvent[];
}
