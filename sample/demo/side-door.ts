/** A write past the proxy, as a job or a person with psql makes it: the fence of the monolith's database refuses it. */
import pg from 'pg';
import type { DemoRun } from './demo-run.ts';

export interface SideDoorFigures {
  readonly statement: string;
  readonly refused: boolean;
  /** FI001 is the fence's; empty when nothing refused. */
  readonly sqlState: string;
  readonly message: string;
  readonly hint: string;
}

const STATEMENT = 'UPDATE notifications SET is_read = true WHERE id = 1';

export async function trySideDoor(shop: string): Promise<SideDoorFigures> {
  const client = new pg.Client({ connectionString: shop, application_name: 'psql' });
  await client.connect();
  try {
    await client.query(STATEMENT);
    return { statement: STATEMENT, refused: false, sqlState: '', message: '', hint: '' };
  } catch (error) {
    const { code = '', message, hint = '' } = error as pg.DatabaseError;
    return { statement: STATEMENT, refused: code !== '', sqlState: code, message, hint };
  } finally {
    await client.end();
  }
}

export async function showSideDoor({ databases, screen }: DemoRun): Promise<SideDoorFigures> {
  const figures = await trySideDoor(databases.shop);
  screen.say('  A side door: someone with psql writes into the monolith’s table, past the proxy.');
  screen.say(`    shop=# ${figures.statement};`);
  if (!figures.refused) {
    screen.say('    It was not refused.');
    return figures;
  }
  screen.say(`    ERROR:  ${figures.message}`);
  screen.say(`    HINT:  ${figures.hint}`);
  screen.say('  The fence refuses it: what is written past the proxy fails, and is not lost in silence.');
  return figures;
}
