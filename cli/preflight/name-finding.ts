/** Findings are worded for all slices; their path says which one it is. */
import type { Finding } from '@ficus/cdc';
import { describeError, nameSlice } from '@ficus/core';

const sliceOf = ({ path }: Finding): string | undefined => /^slices\.([^.[]+)/.exec(path)?.[1];

/** With the slice's name in its commands. */
export function nameFinding(finding: Finding): Finding {
  const { message, remedySql } = finding;
  const slice = sliceOf(finding);
  return {
    ...finding,
    message: nameSlice(message, slice),
    ...(remedySql !== undefined && { remedySql: nameSlice(remedySql, slice) }),
  };
}

/** SQL where there is some; otherwise what the catalogue says about its code. */
export function remedyOf(finding: Finding): string {
  return finding.remedySql ?? nameSlice(describeError(finding.code).remedy, sliceOf(finding));
}
