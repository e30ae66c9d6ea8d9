/** JSON Schema of an amount. */
export const money = { type: 'string', pattern: '^\\d+\\.\\d{2}$', description: 'EUR' } as const;
