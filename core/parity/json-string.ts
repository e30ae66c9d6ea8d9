/**
 * A JSON string as the source of a regular expression (RFC 8259 section 7): no control characters, and no escapes but
 * JSON's own. The config's schema and the parser of patterns share it, so that neither accepts what the other cannot read.
 */
export const JSON_STRING = String.raw`"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
