/** A session for a comparison. */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { openDatabase } from '../preflight/open-database.ts';

/** @throws FicusError when it cannot be opened @param path of the config */
export async function openSide(path: string, url: string): Promise<pg.Client> {
  const opened = await openDatabase(path, url, { statementTimeoutMs: 0, applicationName: 'ficus verify' });
  if (!opened.ok) throw new FicusError(opened.finding.code, opened.finding.message);
  return opened.client;
}
