/**
 * `slices.NAME.tables[]`: how rows of the legacy's table become rows of the candidate's. Several entries with the same
 * `from` split a table. Without `columns`, all columns are copied under their own names, but for those under `omit`;
 * `columns` copies what it names, and with `omit` beside it no other column may exist.
 */
import { z } from 'zod';

/** Both parts as in the catalog, case kept. Quotes are for a table whose own name has a dot: `public."order.lines"`. */
const qualifiedName = z
  .string()
  .regex(
    /^([^."\0]+\.)?([^."\0]+|"([^"\0]|"")+")$/,
    'must be TABLE or SCHEMA.TABLE, spelled as in the catalog, with quotes only around a table with a dot in its name',
  )
  .transform((name) => {
    const [, schema = 'public.', table = ''] = /^([^."]+\.)?(.+)$/s.exec(name) ?? [];
    return schema + (table.startsWith('"') ? table.slice(1, -1).replaceAll('""', '"') : table);
  });

const columnName = z.string().min(1);

/** How a target column is computed. */
const columnSourceSchema = z.union([
  columnName.describe('the source column of this name'),
  z.strictObject({
    constant: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('the same value in each row'),
  }),
  z.strictObject({
    sql: z
      .string()
      .min(1)
      .describe(
        'SQL expression over the columns in `from`; enums and other own types of the source arrive as text',
      ),
    from: z.array(columnName).min(1).describe('source columns that the expression names'),
    reverse: z
      .record(columnName, z.string().min(1))
      .optional()
      .describe('source column → SQL expression over target columns: the way back'),
  }),
]);

export const tableSchema = z
  .strictObject({
    from: qualifiedName.describe('table of the legacy'),
    to: qualifiedName.describe('table of the candidate'),
    columns: z
      .record(columnName, columnSourceSchema)
      .optional()
      .describe('target column → how it is computed'),
    omit: z
      .array(columnName)
      .optional()
      .describe(
        'source columns that stay behind. Without columns, all others are copied under their own names, and one that the target lacks is refused, or stops the stream when it is added. With columns, omit (an empty list, too) refuses and stops in the same way for a column that neither names; without omit, such a column stays behind',
      ),
    rows: z
      .string()
      .min(1)
      .optional()
      .describe('SQL condition over source columns: only these rows are copied'),
    module: z
      .string()
      .min(1)
      .optional()
      .describe('TypeScript module that exports forward(row) and reverse(row); in place of columns'),
    mayLeaveOut: z
      .boolean()
      .optional()
      .describe(
        'true: triggers and rules of the candidate’s table may leave out rows that Ficus writes; otherwise that stops the stream',
      ),
  })
  .refine((table) => !(table.columns && table.module), {
    message: 'name either columns or module, not both',
  })
  .refine((table) => !(table.omit && table.module), {
    message:
      'omit is for tables without a module: the module gets all columns, and leaves behind what it likes',
    path: ['omit'],
  });

export type TableConfig = z.output<typeof tableSchema>;
export type ColumnSource = z.output<typeof columnSourceSchema>;
