/** A word for a POSIX shell, bash and zsh: nothing in it is expanded. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A word for fish, which knows two escapes in single quotes. */
export const quoteForFish = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
