/**
 * The engine in a separate process, as `ficus up` would run it. Waits for `start`, so that what loading the program took
 * can be asked for before; reports its consumption when it ends.
 */
import { openReplication, type ReplicationOptions } from '@ficus/cdc';
import { pino } from 'pino';

const options = JSON.parse(process.argv[2] ?? '{}') as ReplicationOptions;
const logger = pino({ level: process.env.FICUS_LOG_LEVEL ?? 'warn' }, pino.destination(2));
const replication = openReplication({ ...options, logger });
let peakRss = 0;
const watch = setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 20);

process.on('message', (message) => {
  if (message === 'start') void replication.start();
  if (message === 'usage') process.send?.({ usage: usage() });
  if (message === 'stop') void end();
});
process.on('disconnect', () => process.exit(1));
process.send?.('ready');

function usage() {
  const { user, system } = process.cpuUsage();
  const rss = process.memoryUsage.rss();
  return {
    cpuMs: (user + system) / 1000,
    rss,
    peakRss: Math.max(peakRss, rss),
    status: replication.status(),
  };
}

async function end(): Promise<void> {
  clearInterval(watch);
  await replication.stop();
  process.send?.({ usage: usage() }, () => process.exit(0));
}
