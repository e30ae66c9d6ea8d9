/** `ficus control`: only the control plane with its change streams, in the foreground. */

import { requireControlConfig, startControl } from '@ficus/control';
import { announce, checkCreatable, logWarnings } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { followConfig } from '../config/follow-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger, withLogOptions } from '../output/create-logger.ts';
import { untilSignal } from '../output/until-signal.ts';
import { requirePreflight } from '../preflight/require-preflight.ts';
import { applyNewestConfig } from '../processes/apply-newest-config.ts';

const HELP = `
Runs everything of \`ficus up\` except the proxy: dashboard, admin API, built-in flags, and for each slice with tables the
first copy and then the change stream. Proxies (\`ficus proxy\`) connect to it on control.listen; while it is
unreachable they serve with the last state that they received.

Before it starts it checks port, databases, wal_level and replica identity, and reports each fault in one sentence. A
database has one control plane: a second one does not start.

The config file is watched: a valid change of slices, upstreams, tables or rules takes effect, an invalid one is refused
as a whole and logged. SIGHUP does the same. Changes of control: and flags: need a restart.
SIGTERM and Ctrl-C stop the streams where they are, then the command exits 0; the next start continues from there.
npx and npm scripts do not pass SIGTERM on: under a supervisor start node_modules/@ficus/cli/bin/ficus.js with node.

Standard output: the log, in lines for people on a terminal, elsewhere one JSON object per line (--log-format); of these the
first with "msg":"listening" carries "address".

Exit status: 0 stopped in order · 1 the config has errors · 3 the preflight found an error, or another control plane runs

Example:
  ficus control --config ficus.yaml`;

export function addControl(program: Command): void {
  withLogOptions(
    withCommonOptions(
      program
        .command('control')
        .description('runs only the control plane with its change streams, in the foreground'),
    ),
  )
    .addHelpText('after', HELP)
    .action(async (options: CommonOptions) => {
      const followed = followConfig(options.config);
      const config = await loadConfig(options.config);
      requireControlConfig(config);
      await requirePreflight(config, ['control']);
      const logger = createLogger('ficus-control');
      const stopped = untilSignal();
      const control = await startControl({ config, logger });
      const newest = applyNewestConfig(control, logger);
      announce(logger, { address: control.address }, 'listening');
      // Of `ficus up`, the proxy logs them.
      logWarnings(config, logger);
      followed.begin({
        logger,
        check: checkCreatable,
        onConfig: (next) => {
          logWarnings(next, logger);
          newest.offer(next);
        },
        onRefused: (refusal) => control.configRefused(refusal),
      });
      await stopped;
      followed.stop();
      newest.stop();
      await control.stop();
      followed.end();
    });
}
