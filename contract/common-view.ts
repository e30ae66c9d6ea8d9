/** Shapes that several views of the contract share. */
import { z } from 'zod';

export const count = z.int().min(0);
export const isoTime = z.string().describe('ISO 8601 time');
export const sideName = z.enum(['legacy', 'candidate']);
export const problemView = z.object({ code: z.string(), message: z.string(), remedy: z.string() });
