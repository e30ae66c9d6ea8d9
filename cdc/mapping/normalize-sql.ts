/** An expression without what does not change its meaning: two that differ only in comments and blanks are equal. */

const TOKEN =
  /'(?:[^']|'')*'|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|"(?:[^"]|"")+"|--[^\n]*|\/\*[\s\S]*?\*\/|\s+|[(),]|[^\s'"$(),/-]+|[\s\S]/g;

/** Comments become blanks, blanks one blank, none beside a parenthesis or comma; text in quotes stays as it is. */
export function normalizeSql(sql: string): string {
  let text = '';
  let isBlank = false;
  for (const [token] of sql.matchAll(TOKEN)) {
    if (/^(\s|--|\/\*)/.test(token)) {
      isBlank = true;
      continue;
    }
    const needsBlank = isBlank && text !== '' && !/[(,]$/.test(text) && !/^[),]/.test(token);
    // A name before a parenthesis is a function with or without the blank.
    text += needsBlank && token !== '(' ? ` ${token}` : token;
    isBlank = false;
  }
  return text;
}
