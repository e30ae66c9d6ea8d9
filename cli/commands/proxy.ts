/** `ficus proxy`: only the data plane, in the foreground. */

import { type FicusConfig, FicusError, splitHostPort } from '@ficus/core';
import { ReloadTriggers, startProxy } from '@ficus/proxy';
import type { Command } from 'commander';
import { withPort } from '../config/asked-proxy.ts';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { controlLink } from '../config/control-link.ts';
import { loadConfig } from '../config/load-config.ts';
import { recordRunning } from '../config/running-record.ts';
import { createLogger, withLogOptions } from '../output/create-logger.ts';
import { abortOnSignal } from '../output/until-signal.ts';
import { untilAborted } from '../processes/supervisor.ts';

const HELP = `
The config says where flags come from: a file (flags.provider: file, watched), an Unleash server, or the control plane
(flags.provider: builtin). With \`control:\` in the config the proxy connects to the control plane at control.listen: it
receives the owner of each slice, keeps users on the owner after their own writes, and reports its traffic. While the
control plane is unreachable, even at the start, it serves with the last state received, or from the legacy without one.
With \`control.tls\` there, name it here as \`control.url: https://…\`, with \`control.client\` for its authority and for
a client certificate.
On a machine of its own, give control.token the proxy's own token: one with the role \`report\` in control.tokens there.

The config file and the flags file are watched: a valid change takes effect without dropping a request, an invalid one is
refused as a whole and logged. SIGHUP does the same.
SIGTERM and Ctrl-C drain: requests in progress finish, then the command exits 0. npx and npm scripts do not pass SIGTERM on:
under a supervisor start node_modules/@ficus/cli/bin/ficus.js with node.

Standard output: the log, in lines for people on a terminal, elsewhere one JSON object per line (--log-format); of these the
first with "msg":"listening" carries "address".

Exit status: 0 stopped in order · 1 the config has errors · 3 cannot listen on the address

Example, without a database:
  version: 1
  proxy: { listen: 127.0.0.1:8080 }
  flags: { provider: file, file: flags.json }
  legacy: { url: http://127.0.0.1:3000 }`;

export function addProxy(program: Command): void {
  withLogOptions(
    withCommonOptions(program.command('proxy').description('runs only the data plane, in the foreground')),
  )
    .addHelpText('after', HELP)
    .action(async (options: CommonOptions) => {
      const reloads = new ReloadTriggers(options.config);
      const config = await loadConfig(options.config);
      const logger = createLogger('ficus-proxy');
      // Before the line that says that it listens: a reader of that line may stop it at once.
      const stopping = abortOnSignal();
      const link = controlOf(config);
      const proxy = await startProxy({ config, reloads, logger, stopping, ...link });
      const forget = await recordRunning(options.config, config, {
        admin: config.proxy.admin && withPort(config.proxy.admin, proxy.adminAddress),
        controlUrl: link.controlUrl,
      });
      await untilAborted(stopping);
      await proxy.stop();
      await forget();
      reloads.stopListening();
    });
}

/** The control plane that it connects to, if the config has one. */
function controlOf({ control, flags }: FicusConfig): Partial<ReturnType<typeof controlLink>> {
  if (!control) return {};
  if (control.url !== undefined || splitHostPort(control.listen).port !== 0) return controlLink(control);
  if (flags.provider !== 'builtin') return {};
  throw new FicusError(
    'FICUS_CONFIG_INVALID',
    'control.listen: port 0 takes a free port, which a separate proxy cannot find: name a port.',
  );
}
