/**
 * Follows the config file of a command that stays in the foreground: on each change, and on SIGHUP, a valid config is
 * passed on, and an invalid one is refused as a whole. Readings run one at a time, so an older one never replaces a
 * newer one. Made before the command reads the file itself, so that no change is missed.
 */
import {
  type ConfigProblem,
  type ConfigRefusal,
  type FicusConfig,
  FicusError,
  formatProblem,
  OneAtATime,
  type ParsedConfig,
  RunningConfig,
} from '@ficus/core';
import { ReloadTriggers, readConfigFile } from '@ficus/proxy';
import type { Logger } from 'pino';

interface Follower {
  readonly logger: Logger;
  /** What cannot change while the command runs. */
  readonly check?: (config: FicusConfig) => readonly ConfigProblem[];
  readonly onConfig: (config: FicusConfig) => void;
  /** null when a valid config follows. */
  readonly onRefused: (refusal: ConfigRefusal | null) => void;
}

interface FollowedConfig {
  /** Passes on a config that has changed since this was made, and every later change. */
  begin(follower: Follower): void;
  /** Passes on no more changes; SIGHUP has no effect until `end`. */
  stop(): void;
  end(): void;
}

export function followConfig(file: string): FollowedConfig {
  const reloads = new ReloadTriggers(file);
  let stopped = false;
  return {
    begin: (follower) => {
      const readings = new OneAtATime();
      const read = readerFor(follower, file, () => stopped);
      reloads.begin(() => {
        readings
          .run(read)
          .catch((error: unknown) =>
            follower.logger.error({ err: error }, 'the config cannot be read again'),
          );
      });
    },
    stop: () => {
      stopped = true;
      reloads.stopWatching();
    },
    end: () => reloads.stopListening(),
  };
}

function readerFor(
  { logger, check, onConfig, onRefused }: Follower,
  file: string,
  isStopped: () => boolean,
): () => Promise<void> {
  const running = new RunningConfig();
  return async () => {
    const parsed = await readOrRefuse(file);
    if (isStopped()) return;
    const problems = parsed.ok ? (check?.(parsed.config) ?? []) : parsed.problems;
    if (parsed.ok && problems.length === 0) {
      if (running.unchanged()) {
        logger.info('config valid again');
        onRefused(null);
      }
      return onConfig(parsed.config);
    }
    const refusal = running.refuse(problems);
    onRefused(refusal);
    for (const problem of problems) logger.error({ path: problem.path }, formatProblem(problem));
    const what = refusal.needsRestart ? 'waits for a restart' : 'refused';
    logger.error({ problems: problems.length }, `config ${what}, the running config stays`);
  };
}

async function readOrRefuse(file: string): Promise<ParsedConfig> {
  try {
    return await readConfigFile(file, process.env);
  } catch (error) {
    if (!(error instanceof FicusError)) throw error;
    return { ok: false, problems: [{ path: [], message: error.message }] };
  }
}
