/** `ficus control`: the control plane with its change streams alone, in the foreground. */

import { requireControlConfig, startControl } from '@ficus/control';
import { announce, checkCreatable } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { followConfig } from '../config/follow-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../output/create-logger.ts';
import { untilSignal } from '../output/until-signal.ts';
import { requirePreflight } from '../preflight/require-preflight.ts';
import { takeOverNewest } from '../processes/take-over-newest.ts';

const HELP = `
Runs what \`ficus up\` runs beside its proxy, without one: dashboard, admin API, built-in flags, and for each slice with
tables the first copy and then the change stream. Proxies connect to it on control.listen (\`ficus proxy\`), and serve
with what they heard last while it is away.

Before it starts it checks what has to be in place (port, databases, wal_level, replica identity) and reports what is
missing in one sentence each. There is one control plane for a database: a second one does not start.

The config file is watched: a valid change of slices, upstreams, tables or rules takes effect, an invalid one is refused
whole and logged. SIGHUP does the same. Changes of control: and flags: take a restart.
SIGTERM and Ctrl-C stop the streams where they are, then the command exits 0; the next start continues from there.

Standard output: one JSON object a line; the first with "msg":"listening" carries "address".

Exit status: 0 stopped in order · 1 the config has errors · 3 the preflight found an error, or another control plane runs

Example:
  ficus control --config ficus.yaml`;

export function addControl(program: Command): void {
  withCommonOptions(
    program
      .command('control')
      .description('runs the control plane with its change streams alone, in the foreground'),
  )
    .addHelpText('after', HELP)
    .action(async (options: CommonOptions) => {
      const config = await loadConfig(options.config);
      requireControlConfig(config);
      await requirePreflight(config, ['control']);
      const logger = createLogger('ficus-control');
      const stopped = untilSignal();
      const control = await startControl({ config, logger });
      const newest = takeOverNewest(control, logger);
      const followed = followConfig({
        file: options.config,
        logger,
        check: checkCreatable,
        onConfig: newest.offer,
      });
      announce(logger, { address: control.address }, 'listening');
      followed.begin();
      await stopped;
      followed.stop();
      newest.stop();
      await control.stop();
      followed.end();
    });
}
