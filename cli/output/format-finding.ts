import type { Finding } from '@ficus/cdc';
import { printable } from '@ficus/core';
import { remedyOf } from '../preflight/name-finding.ts';
import { paint } from './paint.ts';

/** A finding as a user reads it on standard error: the sentence, then what to do. */
export function formatFinding(finding: Finding): string {
  const mark =
    finding.severity === 'error' ? paint('red', '✗', process.stderr) : paint('yellow', '!', process.stderr);
  return `${mark} ${printable(`${finding.path}: ${finding.message}`)}\n    ${remedyOf(finding).split('\n').join('\n    ')} ${paint('dim', `(${finding.code})`, process.stderr)}`;
}

/** What is so, and may be meant so. */
export function formatNote({ path, message }: Pick<Finding, 'path' | 'message'>): string {
  return `${paint('cyan', '·', process.stderr)} ${printable(`${path}: ${message}`)}`;
}
