/**
 * The load generator: a separate process, so that it measures the proxy and not itself. Started by the demo with an IPC
 * channel; ends when the channel closes. Loopback only; it stops by itself after an hour.
 */
import type { FromLoad, LoadSettings, ToLoad } from './load-messages.ts';
import { logIn } from './log-in.ts';
import { type Pacer, startPacer } from './pacer.ts';
import { ShopClient } from './shop-client.ts';
import { ShopCrowd } from './shop-crowd.ts';
import { Counter } from './tally.ts';

const LONGEST_RUN_MS = 3_600_000;
const TALLY_EVERY_MS = 250;

const counter = new Counter();
let pacer: Pacer | undefined;
let crowd: ShopCrowd | undefined;
let client: ShopClient | undefined;
let ticker: NodeJS.Timeout | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToLoad) => {
  handle(message).catch((error: Error) => tell({ type: 'failed', message: error.message }));
});
setTimeout(() => process.exit(1), LONGEST_RUN_MS).unref();

async function handle(message: ToLoad): Promise<void> {
  switch (message.type) {
    case 'start':
      return start(message.settings);
    case 'phase':
      if (crowd) crowd.mix = message.mix;
      return counter.beginPhase(message.name, message.percentRises);
    case 'writes':
      return tell({ type: 'writes', writes: crowd?.writes ?? [] });
    case 'stop':
      return stop();
  }
}

async function start(settings: LoadSettings): Promise<void> {
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(settings.url).hostname)) {
    throw new Error(`load goes only to loopback addresses, not to ${settings.url}`);
  }
  client = new ShopClient(settings.url, settings.concurrency);
  const users = await logIn(client, settings.users, (done) =>
    tell({ type: 'logging-in', done, of: settings.users }),
  );
  const acting = new ShopCrowd(client, users, counter);
  crowd = acting;
  pacer = startPacer(settings.actionsPerSecond, settings.concurrency, () => acting.act());
  ticker = setInterval(() => tell({ type: 'tally', tally: counter.take() }), TALLY_EVERY_MS);
  tell({ type: 'running' });
}

async function stop(): Promise<void> {
  clearInterval(ticker);
  await pacer?.stop();
  client?.close();
  tell({ type: 'stopped', tally: counter.take(), writes: crowd?.writes ?? [] });
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
