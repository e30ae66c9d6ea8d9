/** One request for the whole set of flags (Unleash: `GET client/features`), with the tag of the last answer. */
import { type ClientFeatures, NewestWins } from '@ficus/core';
import type { SendRequest } from '../link/control-tls.ts';
import { readFeatureSet } from './feature-set.ts';

const ANSWER_MS = 5_000;

interface FeaturesPoll {
  /**
   * @returns the set; undefined when it has not changed, or when a newer one is known by now
   * @throws Error when there is no answer, or it is not a set of flags
   */
  ask(): Promise<ClientFeatures | undefined>;
  /**
   * The current set came from elsewhere: “not changed” would say nothing about it, and any answer still on its way is
   * older.
   */
  forget(): void;
  /** Cancels the request in progress. */
  stop(): void;
}

/**
 * @param apiUrl base of the client API, ending in /api
 * @param send by default `fetch`
 * @param onLeftOut malformed flags and segments in an answer, which count as absent; called for each answer
 */
export function createFeaturesPoll(
  apiUrl: string,
  headers: Readonly<Record<string, string>>,
  onLeftOut: (problems: readonly string[]) => void = () => {},
  send: SendRequest = fetch,
): FeaturesPoll {
  const url = `${apiUrl.replace(/\/$/, '')}/client/features`;
  const stopped = new AbortController();
  let tag: string | undefined;
  const questions = new NewestWins();
  return {
    async ask() {
      const question = questions.begin();
      const response = await send(url, {
        headers: {
          accept: 'application/json',
          'unleash-appname': 'ficus',
          'unleash-client-spec': '5.2.0',
          ...headers,
          ...(tag === undefined ? {} : { 'if-none-match': tag }),
        },
        signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      const text = await response.text();
      if (question.stale) return undefined;
      if (response.status === 304) {
        question.take();
        return undefined;
      }
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      const { set, leftOut } = readFeatureSet(JSON.parse(text));
      question.take();
      tag = response.headers.get('etag') ?? undefined;
      onLeftOut(leftOut);
      return set;
    },
    forget() {
      tag = undefined;
      questions.supersede();
    },
    stop: () => stopped.abort(),
  };
}
