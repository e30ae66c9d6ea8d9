/** A slice whose writers are watched, and a control database that keeps what was found, or is away. */
import { configSchema, FicusError } from '@ficus/core';

/** @param over of the slice */
export const watchedConfig = (writers: object[] = [], over: object = {}) =>
  configSchema.parse({
    version: 1,
    legacy: { url: 'http://legacy', database: 'postgres://ficus@db/shop' },
    slices: {
      notes: {
        candidate: { url: 'http://candidate', database: 'postgres://notes_stream@db2/notes' },
        routes: [
          { id: 'list', path: '/notes' },
          { id: 'save', methods: ['POST'], path: '/notes' },
        ],
        tables: [{ from: 'note', to: 'items' }],
        writers,
        ...over,
      },
      pages: { candidate: { url: 'http://pages' }, routes: [{ id: 'all', path: '/pages/*' }] },
    },
  });

export class PlayedInventories {
  /** Slice → JSON. */
  readonly stored = new Map<string, string>();
  fail = false;

  readonly query = async (text: string, values: readonly unknown[] = []) => {
    if (this.fail) throw new FicusError('FICUS_DATABASE_UNREACHABLE', 'The control database is away.');
    if (text.startsWith('INSERT')) this.stored.set(values[0] as string, values[1] as string);
    const slices = text.startsWith('SELECT') ? (values[0] as string[]) : [];
    return slices.flatMap((slice) =>
      this.stored.has(slice) ? [{ slice, inventory: JSON.parse(this.stored.get(slice)!) }] : [],
    );
  };
}
