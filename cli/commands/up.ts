/** `ficus up`: control plane and proxy together, as two processes, in the foreground. */

import { requireControlConfig } from '@ficus/control';
import type { FicusConfig } from '@ficus/core';
import { cannotChange, checkCertificate, checkCreatable } from '@ficus/proxy';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { followConfig } from '../config/follow-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { type RunningAddresses, recordRunning } from '../config/running-record.ts';
import { createLogger, withLogOptions } from '../output/create-logger.ts';
import { untilSignal } from '../output/until-signal.ts';
import { checkPorts } from '../preflight/check-ports.ts';
import { PreflightFailed } from '../preflight/preflight-failed.ts';
import { waitForReleasedPorts } from '../preflight/wait-for-released-ports.ts';
import { startProcesses, type UpProcesses } from '../processes/up-processes.ts';

const HELP = `
Starts two processes:
  - the proxy on proxy.listen, as \`ficus proxy\` runs it
  - the control plane on control.listen, as \`ficus control\` runs it: dashboard, admin API, built-in flags; for each slice
    with tables the first copy, then the change stream
The control plane checks databases, wal_level and replica identity, logs each fault in one sentence, and retries;
\`ficus check --live\` reports the same beforehand. The proxy gives it two seconds at the start, and serves even while the
control plane or its databases are unreachable: with the last state received, or from the legacy without one. A database has
one control plane: while another one uses it, this one waits, and takes over when the other has ended. A process
that exits unexpectedly is restarted, with back-off, and the log says why it exited.

No traffic moves until \`ficus shadow\` and \`ficus serve\` are run; of a slice with tables none of the share that a
flag has already, until its first copy is complete.

The config file is watched: a valid change takes effect in both processes without dropping a request, an invalid one is
refused as a whole and logged. SIGHUP does the same. Changes of proxy.listen, control: and flags: need a restart.
SIGTERM and Ctrl-C drain the proxy, then stop the control plane; the next start continues where this one stopped. A second
Ctrl-C ends both at once. npx and npm scripts do not pass SIGTERM on: under a supervisor start
node_modules/@ficus/cli/bin/ficus.js with node.

Standard output: the log of both processes, in lines for people on a terminal, elsewhere one JSON object per line
(--log-format). Of these "msg":"listening" carries the proxy's "address"; "msg":"ready" follows when the control plane is up
too, with "address" and "controlAddress".

Exit status: 0 stopped in order · 1 the config has errors · 3 the proxy cannot start, or a process did not stop in order.

Example:
  ficus up --config ficus.yaml`;

export function addUp(program: Command): void {
  withLogOptions(
    withCommonOptions(
      program
        .command('up')
        .description('runs control plane and proxy together, as two processes, in the foreground'),
    ),
  )
    .addHelpText('after', HELP)
    .action(up);
}

async function up(options: CommonOptions): Promise<void> {
  const followed = followConfig(options.config);
  const config = await loadConfig(options.config);
  requireControlConfig(config);
  const logger = createLogger('ficus');
  await requireProxyPort(config);
  const stopped = untilSignal();
  let recorded: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);
  const onProxyListens = (addresses: RunningAddresses) => {
    recorded = recorded.then(() => recordRunning(options.config, config, addresses));
  };
  const processes = await startProcesses(
    { config, logger, onProxyListens, stopped },
    config.control?.listen ?? '',
  );
  let running = config;
  try {
    await Promise.race([processes.untilListening(), stopped]);
    followed.begin({
      logger,
      check: (next) => [
        ...cannotChange(config, next),
        ...checkCreatable(next),
        ...checkCertificate(running, next),
      ],
      onConfig: (next) => {
        running = next;
        processes.applyConfig(next);
      },
      onRefused: (refusal) => processes.configRefused(refusal),
    });
    await stopped;
  } finally {
    followed.stop();
    await stopBoth(processes);
    await (await recorded)?.();
    followed.end();
  }
}

/** A second signal exits at once: no process that is still stopping may outlive it. */
async function stopBoth(processes: UpProcesses): Promise<void> {
  const kill = () => processes.kill();
  process.on('exit', kill);
  const inOrder = await processes.stop();
  process.off('exit', kill);
  if (!inOrder) process.exitCode = 3;
}

/**
 * The control plane checks its own needs: none of them prevents the start of the proxy.
 * @throws PreflightFailed
 */
async function requireProxyPort(config: FicusConfig): Promise<void> {
  const findings = await waitForReleasedPorts(() => checkPorts(config, ['proxy']));
  if (findings.length > 0) throw new PreflightFailed(findings);
}
