/** The environment variables that every program of the sample reads, and the reader for its own. */

export interface ServerEnvironment {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly databaseUrl: string;
  /** Connections at most. */
  readonly databasePool: number;
  readonly logLevel: string;
}

export type EnvironmentResult<Environment> =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly problems: readonly string[] };

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Reads variables and collects every problem, each a sentence. */
export class EnvironmentReader {
  readonly env: NodeJS.ProcessEnv;
  readonly #problems: string[] = [];

  constructor(env: NodeJS.ProcessEnv) {
    this.env = env;
  }

  whole(name: string, fallback: number, max: number): number {
    const value = this.env[name] ? Number(this.env[name]) : fallback;
    if (!Number.isInteger(value) || value < 0 || value > max)
      this.problem(`${name} must be a whole number from 0 to ${max}, not "${this.env[name]}".`);
    return value;
  }

  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  server(): ServerEnvironment {
    const { env } = this;
    const port = this.whole('PORT', 0, 65_535);
    const databasePool = this.whole('DATABASE_POOL', 10, 1000) || 10;
    const databaseUrl = env.DATABASE_URL ?? '';
    if (!/^postgres(ql)?:\/\//.test(databaseUrl))
      this.problem('DATABASE_URL must be set, to postgres://USER@HOST:PORT/DATABASE.');
    const logLevel = env.FICUS_LOG_LEVEL || env.LOG_LEVEL || 'info';
    if (!LEVELS.includes(logLevel)) this.problem(`LOG_LEVEL must be one of ${LEVELS.join(', ')}.`);
    return {
      host: env.HOST || '127.0.0.1',
      port,
      databaseUrl,
      databasePool,
      logLevel,
    };
  }

  /** A secret that may be absent; undefined when it is. */
  secret(name: string, length: number): string | undefined {
    const value = this.env[name] || undefined;
    if (value !== undefined && value.length < length)
      this.problem(`${name} must have ${length} characters or more.`);
    return value;
  }

  result<Environment>(environment: Environment): EnvironmentResult<Environment> {
    const problems = this.#problems;
    return problems.length > 0 ? { ok: false, problems } : { ok: true, environment };
  }
}
