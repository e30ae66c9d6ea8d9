/**
 * Applies the schema and seeds the shop's database, by hand:
 *
 *     DATABASE_URL=postgres://… node legacy-monolith/seed.ts [--scale 0.1]
 */
import { parseArgs } from 'node:util';
import { describeStartFailure } from '@ficus-sample/chassis/start-failure.ts';
import { applySchema } from './database/apply-schema.ts';
import { seed } from './database/seed.ts';

const USAGE = 'Usage: DATABASE_URL=postgres://… node legacy-monolith/seed.ts [--scale 0.1]';

function readScale(): number | undefined {
  try {
    const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } });
    const scale = Number(values.scale);
    return scale > 0 && scale <= 100 ? scale : undefined;
  } catch {
    return undefined;
  }
}

const scale = readScale();
const url = process.env.DATABASE_URL;
if (scale === undefined || !url) {
  console.error(USAGE);
  process.exit(2);
}
try {
  await applySchema(url);
  const result = await seed(url, {
    scale,
    onProgress: (step, done) => console.log(`${String(Math.round(done * 100)).padStart(3)} %  ${step}`),
  });
  console.log(
    `${result.customers} customers, ${result.orders} orders, ${result.notifications} notifications in ${result.durationMs} ms`,
  );
} catch (error) {
  console.error(describeStartFailure(error, { databaseUrl: url }));
  process.exit(3);
}
