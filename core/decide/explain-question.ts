/** What `ficus explain` asks a running proxy: a request in words. Only its shape is checked here. */
import { z } from 'zod';

/** Without line breaks: one field must not become two. */
const fieldText = z.string().regex(/^[^\0\r\n]*$/);

export const explainQuestionSchema = z.strictObject({
  method: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/),
  url: z
    .string()
    .min(1)
    .max(65_536)
    .describe('a path with or without query, or an absolute URL, whose host counts'),
  headers: z
    .array(fieldText)
    .max(2_000)
    .refine(({ length }) => length % 2 === 0)
    .optional()
    .describe('flat list of names and values, cookies included'),
  clientAddress: z.union([z.ipv4(), z.ipv6()]).optional().describe('address of the peer'),
  as: z.string().min(1).max(1_000).optional().describe('as if the proxy had identified this user'),
});

/** Header fields as a flat list, as in a request. */
export type ExplainQuestion = z.output<typeof explainQuestionSchema>;
