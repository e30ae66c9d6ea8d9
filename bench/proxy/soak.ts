/**
 * Soak: `node bench/proxy/soak.ts [--seconds N] [--json]`. Mixed traffic against the whole proxy: small and large
 * bodies both ways, aborts, resets, slow readers, upgrades, bad requests, while the upstream is restarted repeatedly.
 * Every answer is checked. At the end file descriptors, sockets and heap must be back at their initial values.
 */
import { parseArgs } from 'node:util';
import { runSoak } from './soak/run-soak.ts';

const HELP = `node bench/proxy/soak.ts [--seconds N] [--clients N] [--json]

Mixed traffic with aborts, resets, slow readers, upgrades and upstream restarts against the whole proxy.
Exit status: 0 nothing wrong and nothing left behind, 1 otherwise, 2 used wrongly.`;

try {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      clients: { type: 'string', default: '24' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else {
    const result = await runSoak(Number(values.seconds) * 1000, Number(values.clients));
    if (values.json) console.log(JSON.stringify(result, null, 2));
    else console.log(result);
    process.exitCode = result.ok ? 0 : 1;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
