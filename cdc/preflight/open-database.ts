/** Opens a database for a check, with a deadline; returns a finding instead of throwing. */
import { FicusError } from '@ficus/core';
import pg from 'pg';
import { requireOwnSession, takeSession } from '../source/own-session.ts';
import { describeConnectError } from './describe-connect-error.ts';
import type { Finding } from './finding.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;

interface OpenOptions {
  /** 0 means none. */
  readonly statementTimeoutMs?: number;
  readonly applicationName?: string;
}

export type Opened =
  | { readonly ok: true; readonly client: pg.Client }
  | { readonly ok: false; readonly finding: Finding };

/** Connects under the engine's session settings. The caller ends the client. */
export async function openDatabase(path: string, url: string, options: OpenOptions = {}): Promise<Opened> {
  try {
    await requireOwnSession(url, CONNECT_TIMEOUT_MS);
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: options.applicationName ?? 'ficus preflight',
    });
    // A server that goes away during the check must not end the process; the running query fails anyway.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await takeSession(client);
      await client.query("SELECT set_config('statement_timeout', $1, false)", [
        String(options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS),
      ]);
      return { ok: true, client };
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    return { ok: false, finding: findingOfFailure(path, url, error) };
  }
}

/** A connection that fails, or breaks during the check, as a finding like any other. */
export function findingOfFailure(path: string, url: string, error: unknown): Finding {
  if (error instanceof FicusError)
    return { severity: 'error', path, code: error.code, message: error.message };
  const message = describeConnectError(url, error);
  return { severity: 'error', path, code: 'FICUS_DATABASE_UNREACHABLE', message };
}
