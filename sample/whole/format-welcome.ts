/** What runs where, what to try next, and what stays afterwards. */
import { basename, dirname, join, relative } from 'node:path';
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
    data                    ${dirname(sample.configFile)}

  Try:
    1. Open ${sample.proxyUrl} and log in as customer1@example.test, password ficus. Open the inbox, place an order:
       below the navigation, each page says where the notifications on it come from.
    2. In another terminal, watch the slice while you move it:
         npx ficus status notifications --watch -c ${config}
         npx ficus shadow notifications 100 -c ${config}     copies of requests go to the service and are compared
         npx ficus serve  notifications 25  -c ${config}     a quarter of the users is served by the service
         npx ficus serve  notifications 100 -c ${config}     all of them: load a page again, and you are moved
         npx ficus serve  notifications 0   -c ${config}     and back
         npx ficus verify notifications -c ${config}         both databases, row by row

  Ctrl-C stops all of it.
`;
}

/** Another directory than the default one may hold files that are not the sample's. */
const OWN_FILES = ['postgres', 'logs', 'ficus.yaml', 'postgres.log'];

/** Where the data is, and how to delete it; no process outlives the command. */
export function formatFarewell(directory: string): string {
  const shown = relative(process.cwd(), directory) || '.';
  const isOwn = basename(directory) === 'sample' && basename(dirname(directory)) === '.ficus';
  const paths = isOwn ? [shown] : OWN_FILES.map((file) => join(shown, file));
  return `  Everything is stopped. The data stays in ${shown}, and the next start continues with it.
  To delete it:  rm -rf ${paths.map(quoteForShell).join(' ')}
`;
}

function quoteForShell(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
