/** `ficus up`: control plane, change stream and data plane together, in the foreground. */

import { type Control, startControl } from '@ficus/control';
import { OneAtATime, type ParsedConfig } from '@ficus/core';
import { announce, readConfigFile, startProxy } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../output/create-logger.ts';
import { untilSignal } from '../output/until-signal.ts';
import { requirePreflight } from '../preflight/require-preflight.ts';

const HELP = `
Looks first at everything that has to be in place (databases, wal_level, replica identity, ports) and says what is
missing in one sentence each, before anything is started. Then:
  - the control plane on control.listen: dashboard, admin API, built-in flags
  - the first copy of each slice with tables, then its change stream
  - the proxy on proxy.listen
Nothing moves until \`ficus shadow\` and \`ficus serve\` say so. Ctrl-C and SIGTERM drain and stop all of it; the next
start goes on where this one stopped.

Standard output: one JSON object a line. "msg":"listening" carries the proxy's "address"; "msg":"ready" follows when all
of it is up, with "address" and "controlAddress".`;

export function addUp(program: Command): void {
  withCommonOptions(
    program
      .command('up')
      .description('runs control plane, change stream and proxy together, in the foreground'),
  )
    .addHelpText('after', HELP)
    .action(async (options: CommonOptions) => {
      const config = await loadConfig(options.config);
      await requirePreflight(config, ['proxy', 'control']);
      const logger = createLogger('ficus');
      const stopped = untilSignal();
      const control = await startControl({ config, logger });
      // The older of two readings must not be taken over last.
      const reloads = new OneAtATime();
      const reload = () => reloads.run(() => reloadBoth(options.config, control));
      try {
        const proxy = await startProxy({
          config,
          configFile: options.config,
          reloadConfig: reload,
          logger,
          controlUrl: control.address,
          ...(config.control?.token ? { controlToken: config.control.token } : {}),
        });
        announce(logger, { address: proxy.address, controlAddress: control.address }, 'ready');
        await stopped;
        await proxy.stop();
      } finally {
        await control.stop();
      }
    });
}

/** The proxy watches the file; what it takes over, the control plane takes over first. */
async function reloadBoth(file: string, control: Control): Promise<ParsedConfig> {
  const parsed = await readConfigFile(file, process.env);
  if (parsed.ok) await control.reload(parsed.config);
  return parsed;
}
