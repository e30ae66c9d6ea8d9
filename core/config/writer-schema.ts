/**
 * `slices.NAME.writers[]`: who is known to change the slice's tables. Ficus never acts on it by itself: what the fence
 * records is compared with it, and a cutover refuses while something is left that it does not explain.
 */
import { z } from 'zod';
import { isWideNetwork } from '../net/is-wide-network.ts';

/** `*` stands for any end of the name, and nowhere else. */
const APPLICATION = /^[^*\0]+\*?$/;

export const writerSchema = z
  .strictObject({
    application: z
      .string()
      .regex(APPLICATION, 'must be a name, which may end in *, and must not be * alone')
      .optional()
      .describe('application_name of its connections; may end in *: puma* is also puma: worker 3'),
    user: z.string().min(1).optional().describe('the database user that it connects as'),
    address: z
      .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'must be an address or a CIDR')
      .refine((value) => !isWideNetwork(value), 'names nearly every machine: write the network that is meant')
      .optional()
      .describe('where it connects from, as the database sees it: an address or a CIDR'),
    via: z
      .enum(['proxy', 'other'])
      .describe(
        'proxy: the pool of the monolith or service, which writes while a request that writes is under way; what it writes at other times stays unexplained. other: a job, a person or another service; after a cutover the fence refuses it',
      ),
    reason: z
      .string()
      .min(1)
      .describe('what it is, and what becomes of it at the cutover; the output repeats it'),
  })
  .refine(({ application, user, address }) => (application ?? user ?? address) !== undefined, {
    message: 'must name at least one of application, user, address: otherwise it would explain every writer',
  })
  .describe('A program that changes the slice’s tables');

export type WriterConfig = z.output<typeof writerSchema>;
