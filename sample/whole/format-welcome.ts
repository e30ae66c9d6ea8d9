/** What runs where, and what to try next. */
import { relative } from 'node:path';
import type { Sample } from './bring-up.ts';

export function formatWelcome(sample: Sample): string {
  const config = relative(process.cwd(), sample.configFile);
  return `
  The shop is open.

    shop, through Ficus     ${sample.proxyUrl}
    dashboard               ${sample.controlUrl}
    monolith, directly      ${sample.monolithUrl}
    notifications service   ${sample.serviceUrl}
    monolith's database     ${sample.databases.shop}
    service's database      ${sample.databases.notifications}
    logs                    ${sample.logDirectory}

  Try:
    1. Open ${sample.proxyUrl} and log in as customer1@example.test, password ficus. Read the inbox, place an order.
    2. In another terminal, watch the slice while you move it:
         npx ficus status notifications --watch -c ${config}
         npx ficus shadow notifications 100 -c ${config}     copies of requests go to the service and are compared
         npx ficus serve  notifications 25  -c ${config}     a quarter of the users is served by the service
         npx ficus serve  notifications 0   -c ${config}     and back
         npx ficus verify notifications -c ${config}         both databases, row by row

  Ctrl-C stops all of it.
`;
}
