/** Whether one database answers and is recent enough, which is all that the control plane's own database needs. */

import { evaluateVersion } from './evaluate-server.ts';
import type { Finding } from './finding.ts';
import { openDatabase } from './open-database.ts';

/** @param path config path of the URL, for instance `control.database` */
export async function preflightDatabase(path: string, url: string): Promise<Finding[]> {
  const opened = await openDatabase(path, url);
  if (!opened.ok) return [opened.finding];
  try {
    const { rows } = await opened.client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    return evaluateVersion(path, rows[0]?.version ?? 0);
  } finally {
    await opened.client.end();
  }
}
