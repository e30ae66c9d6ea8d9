/** The shop's configuration: only environment variables, read and checked in one place. */
import {
  EnvironmentReader,
  type EnvironmentResult,
  type ServerEnvironment,
} from '@ficus-sample/chassis/environment.ts';

export interface Environment extends ServerEnvironment {
  /** How often the reminder job writes, in milliseconds; 0 is never. */
  readonly reminderIntervalMs: number;
}

/** All problems at once, each a sentence. */
export function readEnvironment(env: NodeJS.ProcessEnv): EnvironmentResult<Environment> {
  const reader = new EnvironmentReader(env);
  return reader.result({
    ...reader.server(),
    reminderIntervalMs: reader.whole('REMINDER_INTERVAL_MS', 1000, 86_400_000),
  });
}
