/**
 * One health check of one address: a GET on a new connection, which is closed with the answer. Host and TLS are those of
 * the upstream's requests.
 */
import type { HealthConfig, UpstreamConfig } from '@ficus/core';
import { type CopyResult, sendCopy } from '../upstream/send-copy.ts';
import { Upstream } from '../upstream/upstream.ts';
import { joinFields } from '../wire/field-text.ts';

/** An upstream that has health checks. */
export type CheckedConfig = UpstreamConfig & { readonly health: HealthConfig };

/** Why a check failed, or undefined. */
export type CheckResult = undefined | { readonly cause: 'refused' | 'other'; readonly detail: string };

export class CheckSender {
  readonly #upstream: Upstream;
  readonly #health: HealthConfig;
  readonly #head: string;

  /**
   * @param address in the form of `addressKey`; undefined for all that the config says
   * @throws FicusError FICUS_PEM_UNREADABLE
   */
  constructor(name: string, config: CheckedConfig, address: string | undefined) {
    const own =
      address === undefined || config.socket !== undefined ? config : { ...config, addresses: [address] };
    // No connection is kept: a stale one would fail a check, and a new one shows that the upstream accepts.
    const pool = { ...config.pool, connections: undefined, idle: 0 };
    this.#upstream = new Upstream(`${name}/health`, { ...own, pool });
    this.#health = config.health;
    const { host, authority, basePath } = this.#upstream;
    const fields = [
      'host',
      host ?? authority,
      'user-agent',
      'ficus-health-check',
      'accept',
      '*/*',
      'connection',
      'close',
    ];
    this.#head = `GET ${basePath}${config.health.path} HTTP/1.1\r\n${joinFields(fields)}\r\n`;
  }

  send(): Promise<CheckResult> {
    const { timeoutMs, status } = this.#health;
    return new Promise((resolve) => {
      sendCopy(this.#upstream, { method: 'GET', head: this.#head }, { timeoutMs, bodyBytes: 0 }, (result) =>
        resolve(judge(result, status)),
      );
    });
  }

  /** A check in progress fails. */
  close(): void {
    this.#upstream.close();
  }
}

function judge(result: CopyResult, wanted: HealthConfig['status']): CheckResult {
  if (result.kind === 'failed') {
    const { cause, detail } = result;
    return { cause: cause === 'refused' ? cause : 'other', detail };
  }
  const { status } = result;
  const isWanted = wanted === '2xx' ? status >= 200 && status <= 299 : wanted.includes(status);
  return isWanted ? undefined : { cause: 'other', detail: `it answered ${status}` };
}
