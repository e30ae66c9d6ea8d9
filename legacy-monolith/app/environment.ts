/** The shop's configuration: only environment variables, read and checked in one place. */
import {
  EnvironmentReader,
  type EnvironmentResult,
  type ServerEnvironment,
} from '@ficus-sample/chassis/environment.ts';
import { INTERNAL_TOKEN_LENGTH } from '@ficus-sample/chassis/internal-token.ts';

export interface Environment extends ServerEnvironment {
  /** How often the reminder job writes, in milliseconds; 0 is never. */
  readonly reminderIntervalMs: number;
  /** Base URL of the API of notifications: of a proxy in front. Without one it is the shop itself. */
  readonly notificationsApiUrl: string | undefined;
  /** What the shop sends to that API, and expects as one; undefined while no other program has to know it. */
  readonly internalToken: string | undefined;
}

/** All problems at once, each a sentence. */
export function readEnvironment(env: NodeJS.ProcessEnv): EnvironmentResult<Environment> {
  const reader = new EnvironmentReader(env);
  const environment = {
    ...reader.server(),
    reminderIntervalMs: reader.whole('REMINDER_INTERVAL_MS', 1000, 86_400_000),
    notificationsApiUrl: env.NOTIFICATIONS_API_URL?.replace(/\/+$/, '') || undefined,
    internalToken: reader.secret('INTERNAL_TOKEN', INTERNAL_TOKEN_LENGTH),
  };
  const { notificationsApiUrl, internalToken } = environment;
  if (notificationsApiUrl !== undefined) {
    if (!/^https?:\/\/./.test(notificationsApiUrl) || !URL.canParse(notificationsApiUrl))
      reader.problem('NOTIFICATIONS_API_URL must be a URL: http://HOST:PORT.');
    if (internalToken === undefined)
      reader.problem('INTERNAL_TOKEN must be set when NOTIFICATIONS_API_URL is: the API there expects it.');
  }
  return reader.result(environment);
}
