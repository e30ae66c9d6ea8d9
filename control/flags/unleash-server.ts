/**
 * Ficus's calls of an Unleash server. Flags are read through the client API; a rollout is set through the admin API, in
 * the project and environment that the client token reads, and only the flag's rollout changes: strategy, groupId and
 * stickiness stay, so users stay on their side.
 */
import {
  type ClientFeature,
  type ClientFeatures,
  type ClientStrategy,
  FicusError,
  type FlagsConfig,
} from '@ficus/core';
import { readFeatureSet } from '@ficus/proxy';
import { refusalOf } from './unleash-refusal.ts';

export type UnleashConfig = NonNullable<FlagsConfig['unleash']>;

/** The strategy of a flag that holds its percentage. */
interface Rollout {
  readonly flag: string;
  /** Of the flag in its environment, below the base URL. */
  readonly path: string;
  readonly strategyId: string;
  /** The current share; 0 while the flag is off. */
  readonly percent: number;
  readonly enabled: boolean;
}

interface FlagEnvironment {
  readonly enabled: boolean;
  readonly strategies: readonly (ClientStrategy & { readonly id: string; readonly disabled?: boolean })[];
}

/** One call of the admin API that changes a flag. */
interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

interface ServerAnswer {
  readonly status: number;
  readonly text: string;
}

const ANSWER_MS = 5000;

export class UnleashServer {
  readonly #config: UnleashConfig;
  readonly #base: string;

  constructor(config: UnleashConfig) {
    this.#config = config;
    this.#base = config.url.replace(/\/+$/, '');
  }

  /** All flags that the client token reads, as the proxies take them: a malformed one is as if it were not there. */
  async features(): Promise<ClientFeatures> {
    const document = await this.#read('/client/features', this.#config.token);
    try {
      return readFeatureSet(document).set;
    } catch (cause) {
      throw this.#unexpected('answers without features', cause);
    }
  }

  /** @throws FicusError FICUS_UNLEASH_TOKEN_MISSING, FICUS_UNLEASH_FLAG_UNUSABLE and what a call throws */
  async readRollout(flag: string): Promise<Rollout> {
    const adminToken = this.#adminToken(flag);
    const environment = environmentOf(this.#config.token);
    const { features } = await this.features();
    const feature = features.find(({ name }) => name === flag) as
      | (ClientFeature & { project?: string })
      | undefined;
    if (!feature)
      throw unusable(flag, `the server at ${this.#base} has no such flag that the client token reads`);
    const step = encodeURIComponent;
    const path = `/admin/projects/${step(feature.project ?? 'default')}/features/${step(flag)}/environments/${step(environment)}`;
    const found = (await this.#read(path, adminToken)) as FlagEnvironment | null;
    if (!Array.isArray(found?.strategies)) throw this.#unexpected('answers without strategies');
    const { enabled, strategies } = found;
    const rollouts = strategies.filter(isRollout);
    if (rollouts.length !== 1)
      throw unusable(
        flag,
        `it has ${rollouts.length} gradual rollouts without constraints in ${environment}, not one`,
      );
    const [{ id, parameters }] = rollouts as [FlagEnvironment['strategies'][number]];
    return { flag, path, strategyId: id, enabled, percent: enabled ? Number(parameters?.rollout ?? 0) : 0 };
  }

  /**
   * 0 turns the flag off, for cohorts too; more sets its rollout first and then turns it on. Returns the refusal when
   * the server refused the first step: then nothing has changed.
   * @throws FicusError when the flag may have changed, completely or in part
   */
  async setRollout(rollout: Rollout, percent: number): Promise<FicusError | undefined> {
    const adminToken = this.#adminToken(rollout.flag);
    const [first, ...rest] = stepsTo(rollout, percent);
    const refusal = await this.#step(first, adminToken);
    if (refusal) return refusal;
    for (const step of rest) {
      const late = await this.#step(step, adminToken);
      if (late) throw late;
    }
    return undefined;
  }

  /** Only a status of 4xx proves that the server changed nothing. */
  async #step({ method, path, body }: Step, token: string): Promise<FicusError | undefined> {
    const answer = await this.#send(method, path, token, body);
    const { status } = answer;
    if (status >= 200 && status <= 299) return undefined;
    const refusal = this.#refusal(method, path, answer);
    if (status >= 400 && status <= 499) return refusal;
    throw refusal;
  }

  #adminToken(flag: string): string {
    const { adminToken } = this.#config;
    if (adminToken) return adminToken;
    throw new FicusError(
      'FICUS_UNLEASH_TOKEN_MISSING',
      `The flag ${flag} is kept on the Unleash server at ${this.#base}, and there is no flags.unleash.adminToken.`,
    );
  }

  async #read(path: string, token: string): Promise<unknown> {
    const answer = await this.#send('GET', path, token);
    if (answer.status < 200 || answer.status > 299) throw this.#refusal('GET', path, answer);
    try {
      return JSON.parse(answer.text) as unknown;
    } catch (cause) {
      throw this.#unexpected(`answers with something other than JSON (GET ${path})`, cause);
    }
  }

  #send(method: string, path: string, token: string, body?: unknown) {
    return this.#reach(path, {
      method,
      headers: {
        authorization: token,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  async #reach(path: string, init: RequestInit): Promise<ServerAnswer> {
    try {
      // Following a redirect would turn a write into a read, and the answer would look like success.
      const response = await fetch(`${this.#base}${path}`, { ...init, redirect: 'error' });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw new FicusError(
        'FICUS_UNLEASH_UNREACHABLE',
        `The Unleash server at ${this.#base} does not answer.`,
        {
          cause,
        },
      );
    }
  }

  #refusal(method: string, path: string, { status, text }: ServerAnswer): FicusError {
    const tokens = [this.#config.token, this.#config.adminToken ?? ''];
    return refusalOf({ method, path, status, text }, this.#base, tokens);
  }

  #unexpected(what: string, cause?: unknown): FicusError {
    return new FicusError('FICUS_UNLEASH_UNREACHABLE', `The server at ${this.#base} ${what}.`, { cause });
  }
}

/** The calls for a percentage, ordered so that no step serves more than was asked for. */
function stepsTo({ path, strategyId, enabled }: Rollout, percent: number): [Step, ...Step[]] {
  const set: Step = {
    method: 'PATCH',
    path: `${path}/strategies/${encodeURIComponent(strategyId)}`,
    body: [{ op: 'replace', path: '/parameters/rollout', value: String(percent) }],
  };
  if (percent === 0 && enabled) return [{ method: 'POST', path: `${path}/off` }, set];
  if (percent > 0 && !enabled) return [set, { method: 'POST', path: `${path}/on` }];
  return [set];
}

/** Cohorts, segments and disabled strategies stay as they are; the percentage applies to all other users. */
function isRollout({
  name,
  disabled,
  constraints,
  segments,
}: FlagEnvironment['strategies'][number]): boolean {
  const narrowed = (constraints?.length ?? 0) + (segments?.length ?? 0) > 0;
  return name === 'flexibleRollout' && disabled !== true && !narrowed;
}

/** A client token is `project:environment.secret`. */
function environmentOf(token: string): string {
  const [, environment] = /^[^:]+:([^.]+)\../.exec(token) ?? [];
  if (environment !== undefined) return environment;
  throw new FicusError(
    'FICUS_CONFIG_INVALID',
    'flags.unleash.token: does not name its environment (project:environment.secret), so no flag can be set',
  );
}

const unusable = (flag: string, why: string) =>
  new FicusError('FICUS_UNLEASH_FLAG_UNUSABLE', `The share of ${flag} cannot be set: ${why}.`);
