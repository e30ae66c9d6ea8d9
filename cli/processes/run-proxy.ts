/** The proxy of `ficus up`: listens as soon as it can, and serves with or without the control plane. */
import cluster from 'node:cluster';
import { startProxy } from '@ficus/proxy';
import { controlLink } from '../config/control-link.ts';
import { createLogger } from '../output/create-logger.ts';
import { type Supervisor, untilAborted } from './supervisor.ts';

export async function runProxy(supervisor: Supervisor): Promise<void> {
  let config = await supervisor.first;
  if (!config) return;
  const { control } = config;
  const logger = createLogger('ficus-proxy');
  reportWorkers(supervisor);
  const proxy = await startProxy({
    config,
    // `ficus up` has already read and checked it.
    reloadConfig: async () => ({ ok: true, config: config! }),
    logger,
    stopping: supervisor.stopping,
    ...(control ? controlLink(control) : {}),
  });
  const { address, adminAddress } = proxy;
  await supervisor.send({ kind: 'listening', address, adminAddress });
  supervisor.onConfig((next) => {
    config = next;
    proxy.reload().catch((error: unknown) => logger.error({ err: error }, 'reload failed'));
  });
  supervisor.onRefused((refusal) => proxy.configRefused(refusal));
  await untilAborted(supervisor.stopped);
  await proxy.stop();
}

/** A worker that hangs does not notice when this process is killed: `ficus up` ends it then. */
function reportWorkers({ send }: Supervisor): void {
  const report = () => {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker && !worker.isDead());
    void send({ kind: 'workers', pids: workers.flatMap((worker) => worker?.process.pid ?? []) });
  };
  cluster.on('fork', report).on('exit', report);
}
