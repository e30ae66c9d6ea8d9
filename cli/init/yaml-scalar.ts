/** A text that YAML reads as that text, as a key or as a value, in a line of its own or in a list. */
export function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z_/][\w./@:+-]*$/.test(text) && !/:$|^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
