/** The flags file of the provider `file`, as the proxies read it. A missing one is made at the first flip. */
import { existsSync } from 'node:fs';
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { readFlagsFile } from '@ficus/proxy';

export async function checkFlagsFile({ flags: { provider, file } }: FicusConfig): Promise<Finding[]> {
  if (provider !== 'file' || file === undefined || !existsSync(file)) return [];
  try {
    await readFlagsFile(file);
    return [];
  } catch (error) {
    const message = `The proxies refuse ${file}: ${(error as Error).message}.`;
    return [{ severity: 'error', path: 'flags.file', code: 'FICUS_FLAGS_FILE_INVALID', message }];
  }
}
