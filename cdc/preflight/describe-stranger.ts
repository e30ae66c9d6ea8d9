/** Another role's schema in place of ours, as a finding: whether it is Ficus's own is for people to judge. */
import { type FicusError, STREAM_SCHEMA } from '@ficus/core';
import type { Finding } from './finding.ts';
import { ownSchemaSql } from './own-schema-sql.ts';

export function describeStranger(path: string, { code, message }: FicusError, role: string): Finding {
  const remedySql = `-- If Ficus has made it under another role:
${ownSchemaSql(STREAM_SCHEMA, role)}
-- Otherwise: DROP SCHEMA ${STREAM_SCHEMA} CASCADE;`;
  return { severity: 'error', path, code, message, remedySql };
}
