/**
 * The running config, with its generation, and how it is read again. A config is applied whole or refused whole, with
 * every problem; of overlapping readings the newest wins. Held by the primary, which passes it to its workers.
 */

import type { ParsedConfig } from '@ficus/core';
import {
  type ConfigProblem,
  type ConfigRefusal,
  type FicusConfig,
  FicusError,
  formatProblem,
  NewestWins,
  RunningConfig,
  type RunningConfigView,
} from '@ficus/core';
import type { Logger } from 'pino';
import { cannotChange, changedLink, checkCertificate, checkCreatable } from '../config-file/config-change.ts';
import { readConfigFile } from '../config-file/read-config-file.ts';
import { logWarnings } from '../observe/log-warnings.ts';
import type { ReloadResult, StartProxyOptions } from '../running-proxy.ts';

interface ConfigHolderParts {
  readonly options: Pick<StartProxyOptions, 'config' | 'reloads' | 'reloadConfig' | 'environment'>;
  readonly logger: Logger;
  /** Reads the flags again together with the config; finishes before a config is applied. */
  readonly reloadFlags: () => Promise<void> | undefined;
  readonly onApplied: (config: FicusConfig, generation: number) => void;
}

export class ConfigHolder {
  readonly #parts: ConfigHolderParts;
  readonly #readings = new NewestWins();
  #config: FicusConfig;
  #generation = 1;
  readonly #running = new RunningConfig();

  constructor(parts: ConfigHolderParts) {
    this.#parts = parts;
    this.#config = parts.options.config;
  }

  get config(): FicusConfig {
    return this.#config;
  }

  /** Grows with each applied config. */
  get generation(): number {
    return this.#generation;
  }

  /** Since when it runs, and what was refused since. */
  get running(): RunningConfigView {
    return this.#running.view;
  }

  /** What the process that reads the file has refused. */
  takeRefusal(refusal: ConfigRefusal | null): void {
    this.#running.takeRefusal(refusal);
  }

  /** A file that the config names, at this key, cannot be used as it is; undefined: it can. */
  takeFile(path: string, problem: string | undefined): void {
    this.#running.takeFile(path, problem);
  }

  async reload(): Promise<ReloadResult> {
    const reading = this.#readings.begin();
    const [parsed] = await Promise.all([this.#read(), this.#parts.reloadFlags()]);
    if (reading.stale) return this.#asItIs();
    if (!parsed.ok) return this.#refuse(parsed.problems);
    const { config } = parsed;
    const problems = [
      ...cannotChange(this.#config, config),
      ...checkCreatable(config),
      ...checkCertificate(this.#config, config),
    ];
    if (problems.length > 0) return this.#refuse(problems);
    reading.take();
    if (JSON.stringify(parsed.config) !== JSON.stringify(this.#config)) this.#apply(parsed.config);
    else if (this.#running.unchanged()) this.#parts.logger.info('config valid again: it is the running one');
    return this.#asItIs();
  }

  #asItIs(): ReloadResult {
    return { ok: true, generation: this.#generation };
  }

  #apply(config: FicusConfig): void {
    this.#config = config;
    this.#generation += 1;
    this.#running.applied();
    const link = changedLink(this.#parts.options.config, config);
    this.#running.takeFixed('control', link);
    if (link !== undefined) this.#parts.logger.warn({ path: ['control'] }, `control: ${link}`);
    this.#parts.onApplied(config, this.#generation);
    this.#parts.logger.info({ generation: this.#generation }, 'config applied');
    logWarnings(config, this.#parts.logger);
  }

  #refuse(problems: readonly ConfigProblem[]): ReloadResult {
    const { logger } = this.#parts;
    const { needsRestart } = this.#running.refuse(problems);
    for (const problem of problems) logger.error({ path: problem.path }, formatProblem(problem));
    const { appliedAt } = this.#running.view;
    logger.error(
      { problems: problems.length, runningSince: appliedAt },
      `config ${needsRestart ? 'waits for a restart' : 'refused'}: the old one stays in place`,
    );
    return { ok: false, problems };
  }

  async #read(): Promise<ParsedConfig> {
    const { reloadConfig, reloads, environment } = this.#parts.options;
    try {
      if (reloadConfig) return await reloadConfig();
      if (reloads) return await readConfigFile(reloads.file, environment ?? process.env);
    } catch (error) {
      if (!(error instanceof FicusError)) throw error;
      return { ok: false, problems: [{ path: [], message: error.message }] };
    }
    return { ok: true, config: this.#config };
  }
}
