/** The service's configuration: only environment variables, read and checked in one place. */
import {
  EnvironmentReader,
  type EnvironmentResult,
  type ServerEnvironment,
} from '@ficus-sample/chassis/environment.ts';
import { INTERNAL_TOKEN_LENGTH } from '@ficus-sample/chassis/internal-token.ts';

export interface Environment extends ServerEnvironment {
  /** The key that callers' identities are signed with. */
  readonly identitySecret: string;
  /** What programs send that ask for notifications; without one, none may. */
  readonly internalToken: string | undefined;
  /** See inbox/planted-bug.ts. */
  readonly plantedBug: boolean;
}

const SECRET_LENGTH = 16;

/** All problems at once, each a sentence. */
export function readEnvironment(env: NodeJS.ProcessEnv): EnvironmentResult<Environment> {
  const reader = new EnvironmentReader(env);
  const environment = {
    ...reader.server(),
    identitySecret: env.IDENTITY_SECRET ?? '',
    internalToken: reader.secret('INTERNAL_TOKEN', INTERNAL_TOKEN_LENGTH),
    plantedBug: env.PLANTED_BUG === '1',
  };
  if (environment.identitySecret.length < SECRET_LENGTH)
    reader.problem(
      `IDENTITY_SECRET must be set, to ${SECRET_LENGTH} characters or more: the secret that callers’ identities are signed with.`,
    );
  return reader.result(environment);
}
