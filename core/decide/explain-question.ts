/** What `ficus explain` asks a running proxy: a request in words. Only its shape is checked here. */
import { z } from 'zod';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Bytes, as a client can send them: what is cut to a byte later could become a line break (U+010A). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const explainQuestionSchema = z.strictObject({
  method: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/),
  url: z
    .string()
    .min(1)
    .max(65_536)
    .describe('a path with or without query, or an absolute URL, whose host counts'),
  headers: z
    .array(z.string())
    .max(2_000)
    .refine(
      (flat) =>
        flat.length % 2 === 0 && flat.every((text, at) => (at % 2 === 0 ? TOKEN : FIELD_VALUE).test(text)),
      'must be names (tokens) and values (bytes of a field) in turn',
    )
    .optional()
    .describe('flat list of names and values, cookies included'),
  clientAddress: z.union([z.ipv4(), z.ipv6()]).optional().describe('address of the peer'),
  as: z.string().min(1).max(1_000).optional().describe('as if the proxy had identified this user'),
});

/** Header fields as a flat list, as in a request. */
export type ExplainQuestion = z.output<typeof explainQuestionSchema>;
