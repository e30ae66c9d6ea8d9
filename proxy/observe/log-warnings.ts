/**
 * What a config in use leaves weak: a running system's users read its log, and seldom run `ficus check`. Equal warnings are
 * one line: fifty slices with the same weakness must not hide the fifty-first.
 */
import { type ConfigProblem, type FicusConfig, formatPath, warnAboutConfig } from '@ficus/core';
import type { Logger } from 'pino';

const PATHS_SHOWN = 3;

export function logWarnings(config: FicusConfig, logger: Logger): void {
  for (const [message, paths] of groupByMessage(warnAboutConfig(config))) {
    const [path] = paths;
    const where = paths.length === 1 ? { path } : { path, paths, count: paths.length };
    logger.warn({ code: 'FICUS_CONFIG_WEAK', ...where }, `${describePaths(paths)}: ${message}`);
  }
}

function groupByMessage(problems: readonly ConfigProblem[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { path, message } of problems) {
    const paths = groups.get(message) ?? [];
    groups.set(message, paths);
    paths.push(formatPath(path));
  }
  return groups;
}

function describePaths(paths: readonly string[]): string {
  const shown = paths.slice(0, PATHS_SHOWN).join(', ');
  const more = paths.length - PATHS_SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
