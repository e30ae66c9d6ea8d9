/** Quotes identifiers and literals for SQL text that is assembled here. */

/** `name` → `"name"` */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `public`, `orders` → `"public"."orders"` */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Text → literal that is read the same under any standard_conforming_strings. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** Text → literal without escapes, for bodies of functions: `$ficus$…$ficus$`, or a tag that is not in the text. */
export function dollarQuote(text: string): string {
  let tag = '$ficus$';
  for (let n = 1; `${text}$`.includes(tag); n++) tag = `$ficus${n}$`;
  return `${tag}${text}${tag}`;
}

/** Splits `schema.table`, as written in the config. */
export function splitQualified(qualifiedName: string): { schema: string; name: string } {
  const dot = qualifiedName.indexOf('.');
  return { schema: qualifiedName.slice(0, dot), name: qualifiedName.slice(dot + 1) };
}
