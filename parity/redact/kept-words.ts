/**
 * Words that are shown inside texts: the vocabulary of HTML and JSON, so that a page keeps its structure. A fixed list from
 * public standards; nothing of it can be a value of a person's.
 */
export const KEPT_WORDS: ReadonlySet<string> = new Set(
  `a abbr article aside audio b body br button canvas caption code col dd div dl doctype DOCTYPE dt em fieldset
  figure footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input label legend li link main meta nav noscript
  ol optgroup option p path picture pre script section select small source span strong style sub summary sup svg table
  tbody td template textarea tfoot th thead title tr u ul video
  action alt charset class colspan content data for height hidden href http https id lang method name placeholder rel
  required rowspan src target type value viewBox width www xml xmlns
  true false null`.split(/\s+/),
);
