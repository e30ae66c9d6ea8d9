/** Which version of the candidate an answer is of. */
import { CANDIDATE_VERSION, type ObservedResponse, type SliceConfig } from '@ficus/core';
import { UNKNOWN_VERSION } from './candidate-evidence.ts';

/** `undefined` when there was no answer to say it. */
export function versionOf(
  { version, versionHeader }: SliceConfig['candidate'],
  answer: ObservedResponse,
): string | undefined {
  if (version !== undefined) return version;
  if (versionHeader === undefined) return UNKNOWN_VERSION;
  if ('failed' in answer) return undefined;
  const said = answer.headers.find(([name]) => name === versionHeader)?.[1] ?? '';
  return CANDIDATE_VERSION.test(said) ? said : UNKNOWN_VERSION;
}

/** The header differs with each version, and the legacy has none: it is no difference. */
export function withoutVersion(
  { versionHeader }: SliceConfig['candidate'],
  answer: ObservedResponse,
): ObservedResponse {
  if (versionHeader === undefined || 'failed' in answer) return answer;
  return { ...answer, headers: answer.headers.filter(([name]) => name !== versionHeader) };
}
