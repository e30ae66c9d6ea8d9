/** What the process is told: environment variables alone, read and checked in one place. */

export interface Environment {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly databaseUrl: string;
  readonly databasePool: number;
  /** Shared with whoever signs the callers' identity. */
  readonly identitySecret: string;
  readonly logLevel: string;
  /** See inbox/planted-bug.ts. */
  readonly plantedBug: boolean;
}

export type EnvironmentResult =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly problems: readonly string[] };

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const SECRET_LENGTH = 16;

/** All problems at once, each a sentence. */
export function readEnvironment(env: NodeJS.ProcessEnv): EnvironmentResult {
  const problems: string[] = [];
  const whole = (name: string, fallback: number, max: number): number => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (!Number.isInteger(value) || value < 0 || value > max)
      problems.push(`${name} must be a whole number from 0 to ${max}, not "${env[name]}".`);
    return value;
  };
  const environment: Environment = {
    host: env.HOST || '127.0.0.1',
    port: whole('PORT', 0, 65_535),
    databaseUrl: env.DATABASE_URL ?? '',
    databasePool: whole('DATABASE_POOL', 10, 1000) || 10,
    identitySecret: env.IDENTITY_SECRET ?? '',
    logLevel: env.FICUS_LOG_LEVEL || env.LOG_LEVEL || 'info',
    plantedBug: env.PLANTED_BUG === '1',
  };
  if (!/^postgres(ql)?:\/\//.test(environment.databaseUrl))
    problems.push('DATABASE_URL must be set, to postgres://USER@HOST:PORT/DATABASE.');
  if (environment.identitySecret.length < SECRET_LENGTH)
    problems.push(
      `IDENTITY_SECRET must be set, to ${SECRET_LENGTH} characters or more: the secret that callers’ identities are signed with.`,
    );
  if (!LEVELS.includes(environment.logLevel)) problems.push(`LOG_LEVEL must be one of ${LEVELS.join(', ')}.`);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, environment };
}
