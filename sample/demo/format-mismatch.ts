/** A mismatch as a developer needs it: where, what each side answered, how to see it again. */
import { styleText } from 'node:util';
import type { MismatchSample } from './slice-control.ts';

export function formatMismatch(sample: MismatchSample, count: number, stream: NodeJS.WriteStream): string {
  const differences = sample.differences
    .slice(0, 5)
    .map(
      (difference) =>
        `    ${styleText('bold', difference.path, { stream })}\n      legacy     ${styleText('green', difference.legacy, { stream })}\n      candidate  ${styleText('red', difference.candidate, { stream })}`,
    )
    .join('\n');
  return `
  ${styleText('red', `The service answers differently: ${count} mismatches. No traffic was moved.`, { stream })}

    ${sample.request}   route ${sample.route}
${differences}

  To see it again: npm start -- --bug, log in, and ask both sides the same.

    curl -s -c /tmp/shop.jar http://127.0.0.1:8080/api/login -H 'content-type: application/json' \\
      -d '{"email":"customer1@example.test","password":"ficus"}'
    curl -s -b /tmp/shop.jar -H 'x-ficus-force: legacy'    'http://127.0.0.1:8080${pathOf(sample)}'
    curl -s -b /tmp/shop.jar -H 'x-ficus-force: candidate' 'http://127.0.0.1:8080${pathOf(sample)}'

  As it was when it was found, the session taken out:
${sample.curl
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`;
}

/** One notification belongs to one user; the list exists for every user. */
function pathOf(sample: MismatchSample): string {
  const target = sample.request.split(' ').at(-1) ?? '/';
  return target.replace(/\/\d+$/, '?limit=20');
}
