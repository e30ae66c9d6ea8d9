/** `ficus proxy`: the data plane alone, in the foreground. */

import { startProxy } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../output/create-logger.ts';
import { untilSignal } from '../output/until-signal.ts';

const HELP = `
Flags come from where the config says: a file (flags.provider: file, watched), an Unleash server, or the control
plane of \`ficus up\` (flags.provider: builtin). The config file and the flags file are watched: a valid change takes
effect without dropping a request, an invalid one is refused whole and logged. SIGHUP does the same.
SIGTERM and Ctrl-C drain: requests under way are finished, then the command exits 0.

Standard output: one JSON object a line; the first with "msg":"listening" carries "address".

Example, without a database:
  version: 1
  proxy: { listen: 127.0.0.1:8080 }
  flags: { provider: file, file: flags.json }
  legacy: { url: http://127.0.0.1:3000 }`;

export function addProxy(program: Command): void {
  withCommonOptions(program.command('proxy').description('runs the data plane alone, in the foreground'))
    .addHelpText('after', HELP)
    .action(async (options: CommonOptions) => {
      const config = await loadConfig(options.config);
      const logger = createLogger('ficus-proxy');
      // Before it says that it listens: who reads that may stop it at once.
      const stopped = untilSignal();
      const proxy = await startProxy({
        config,
        configFile: options.config,
        logger,
        ...(config.control && config.flags.provider === 'builtin'
          ? { controlUrl: `http://${config.control.listen}`, controlToken: config.control.token }
          : {}),
      });
      await stopped;
      await proxy.stop();
    });
}
