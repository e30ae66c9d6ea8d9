/**
 * Flags that are kept in a file or in an Unleash server, read for showing alone: who evaluates them are the proxies,
 * each with its own client. What cannot be read leaves what was heard last.
 */
import type { ClientFeatures, FlagsConfig } from '@ficus/core';
import { readFlagsFile } from '@ficus/proxy';
import type { Logger } from 'pino';

const FILE_EACH_MS = 1000;
const ANSWER_MS = 5000;

export class ForeignFlags {
  private readonly load: () => Promise<ClientFeatures>;
  private readonly logger: Logger;
  private readonly timer: NodeJS.Timeout;
  private heard: ClientFeatures | undefined;
  private loading = false;
  private complaint = '';

  constructor(config: FlagsConfig, logger: Logger) {
    this.logger = logger;
    const { file, unleash } = config;
    this.load =
      unleash && config.provider === 'unleash'
        ? () => fetchFeatures(unleash)
        : () => readFlagsFile(file ?? '');
    this.timer = setInterval(
      () => void this.look(),
      config.provider === 'unleash' ? (unleash?.refreshMs ?? FILE_EACH_MS) : FILE_EACH_MS,
    );
    void this.look();
  }

  /** `undefined` until they were heard for the first time. */
  get latest(): ClientFeatures | undefined {
    return this.heard;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      this.heard = await this.load();
      this.complaint = '';
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Said once, not each second.
      if (reason !== this.complaint) this.logger.warn({ reason }, 'flags cannot be read');
      this.complaint = reason;
    } finally {
      this.loading = false;
    }
  }
}

async function fetchFeatures({ url, token }: NonNullable<FlagsConfig['unleash']>): Promise<ClientFeatures> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/client/features`, {
    headers: { authorization: token, accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`the Unleash server answered ${response.status}`);
  const set = (await response.json()) as Partial<ClientFeatures>;
  if (!Array.isArray(set.features)) throw new Error('the Unleash server answered without features');
  return { version: set.version ?? 2, features: set.features, segments: set.segments ?? [] };
}
