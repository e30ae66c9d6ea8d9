/**
 * For each type that a table may hold, values that engines have been seen to lose: SQL literals without their cast. A
 * test compares the names with pg_type, so that a new PostgreSQL's new types are noticed.
 */
export const TYPE_SAMPLES: Readonly<Record<string, readonly string[]>> = {
  aclitem: ["'postgres=r/postgres'", "'=U/postgres'"],
  bit: ["'0'", "'1'"],
  bool: ["'t'", "'f'"],
  box: ["'(1,2),(0.1,-3)'", "'(Infinity,1),(0,-Infinity)'"],
  bpchar: ["'a  '", "''", "'ünï'"],
  bytea: ["'\\x'", "'\\x00ff5c27'", "'\\x7b2c7d'"],
  char: ["'a'", "''", "'\\200'"],
  cid: ["'0'", "'4294967295'"],
  cidr: ["'10.0.0.0/8'", "'2001:db8::/32'"],
  circle: ["'<(0.1,0.2),3>'", "'<(0,0),0>'"],
  date: ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'"],
  float4: ["'NaN'", "'-0'", "'1e-45'", "'Infinity'", "'0.1'"],
  float8: ["'NaN'", "'-0'", "'5e-324'", "'-Infinity'", "'0.1'", "'1.7976931348623157e308'"],
  inet: ["'192.168.0.1/24'", "'::1'", "'::ffff:1.2.3.4/128'"],
  int2: ["'-32768'", "'32767'"],
  int2vector: ["'1 2 3'", "''"],
  int4: ["'-2147483648'", "'2147483647'"],
  int8: ["'-9223372036854775808'", "'9007199254740993'"],
  interval: ["'1 year -2 days +03:04:05.000006'", "'-178000000 years'", "'0'", "'00:00:00.000001'"],
  json: [`'{"b" : 1,  "a":[1.0, null, "\\u00e9"], "a": 2}'`, "'null'", "'1e400'"],
  jsonb: [`'{"b": 1, "a": [1.10, null, "é\\\\n"]}'`, "'null'", "'12345678901234567890.12345678901234567890'"],
  jsonpath: [`'$.a[*] ? (@.b > 1)'`],
  line: ["'{1,-1,0.5}'"],
  lseg: ["'[(0,0),(1e300,-1)]'"],
  macaddr: ["'08:00:2b:01:02:03'"],
  macaddr8: ["'08:00:2b:01:02:03:04:05'"],
  money: ["'-92233720368547758.08'", "'0.01'"],
  name: ["'a name'", "''"],
  numeric: [
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "'0.00'",
    "'1e-1000'",
    "'123456789012345678901234567890.1234567890123456789'",
  ],
  oid: ["'0'", "'4294967295'"],
  oidvector: ["'1 4294967295'", "''"],
  path: ["'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"],
  pg_lsn: ["'0/0'", "'FFFFFFFF/FFFFFFFF'"],
  pg_snapshot: ["'10:20:10,14,15'"],
  point: ["'(NaN,-0)'", "'(0.1,1e-300)'"],
  polygon: ["'((0,0),(1,1),(2,0))'"],
  refcursor: ["'a cursor'"],
  regclass: ["'pg_class'", "'-'"],
  regcollation: [`'"C"'`],
  regconfig: ["'english'"],
  regdatabase: ["'postgres'"],
  regdictionary: ["'simple'"],
  regnamespace: ["'pg_catalog'"],
  regoper: ["'||/'"],
  regoperator: ["'+(integer,integer)'"],
  regproc: ["'now'"],
  regprocedure: ["'abs(numeric)'"],
  regrole: ["'postgres'"],
  regtype: ["'timestamp with time zone'", "'integer[]'"],
  text: ["''", "'NULL'", '\'{a,"b"}\'', "E'tab\\t nl\\n cr\\r bs\\\\ q'''", "'☃ é'", "E'\\\\N'", "'  '"],
  tid: ["'(0,1)'", "'(4294967295,65535)'"],
  time: ["'24:00:00'", "'00:00:00.000001'"],
  timestamp: ["'infinity'", "'-infinity'", "'4713-01-01 00:00:00 BC'", "'294276-12-31 23:59:59.999999'"],
  timestamptz: ["'infinity'", "'0044-03-15 12:00:00.123456+00 BC'", "'2026-03-29 01:30:00.000001+02'"],
  timetz: ["'24:00:00-15:59'", "'12:34:56.789012+05:30'"],
  tsquery: [`'''a b'' & !c:AB | d:*'`],
  tsvector: [`'a:1A b:2,3B ''it''''s'''`, "''"],
  txid_snapshot: ["'10:20:10,14,15'"],
  uuid: ["'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  varbit: ["''", "'101'"],
  varchar: ["'x y '", "''"],
  xid: ["'3'", "'4294967295'"],
  xid8: ["'18446744073709551615'"],
  xml: ['\'<a b="1">x &amp; y</a>\'', "'text only'"],
  int4range: ["'empty'", "'[1,10)'", "'(,)'"],
  int8range: ["'[-9223372036854775808,)'", "'empty'"],
  numrange: ["'(0.10,1.0]'", "'[NaN,NaN]'"],
  tsrange: ["'[2026-01-01 00:00:00.000001,infinity)'"],
  tstzrange: ['\'["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")\'', "'(,infinity]'"],
  daterange: ["'[2026-01-01,infinity)'", "'empty'"],
  int4multirange: ["'{}'", "'{[1,3),[5,7)}'"],
  int8multirange: ["'{(,)}'"],
  nummultirange: ["'{[1.5,2],(3,)}'"],
  tsmultirange: ["'{[2026-01-01 00:00:00,2026-01-02 00:00:00)}'"],
  tstzmultirange: ['\'{["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")}\''],
  datemultirange: ["'{[2026-01-01,2026-02-01),[2026-03-01,)}'"],
};

/** Types of pg_type that users cannot enter: PostgreSQL itself refuses every value. */
export const NO_VALUES = new Set([
  'gtsvector',
  'pg_brin_bloom_summary',
  'pg_brin_minmax_multi_summary',
  'pg_dependencies',
  'pg_mcv_list',
  'pg_ndistinct',
  'pg_node_tree',
]);

/** User-defined types: OWN_TYPES_SQL creates them in both databases. */
export const OWN_TYPES_SQL = `
  CREATE SCHEMA "Own types";
  SET search_path = "Own types", public;
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy, "very"', '{}');
  CREATE DOMAIN email AS varchar(40) CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN moods AS mood[];
  CREATE DOMAIN small AS numeric(5, 2);
  CREATE TYPE place AS (street text, "House no" int, mood mood, tags text[]);
  CREATE TYPE visit AS (place place, at timestamptz);
  CREATE TYPE moodrange AS RANGE (subtype = mood);
  CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
  RESET search_path;`;

export const OWN_SAMPLES: Readonly<Record<string, readonly string[]>> = {
  mood: ["'sad'", "'it''s ok'", `'happy, "very"'`, "'{}'"],
  email: ["'a@b'", "'it''s, \"me\"@x'"],
  moods: [`'{sad,"it''s ok",NULL}'`, "'{}'"],
  small: ["'1.50'", "'-999.99'", "'NaN'"],
  place: [`'("a, ""b"" \\\\ c",,"it''s ok","{x,NULL,""y z""}")'`, "'(,,,)'", `'("",7,sad,{})'`],
  visit: [`'("(street,1,sad,{})","2026-01-01 00:00:00.000001+00")'`],
  moodrange: ["'[sad,\"it''s ok\"]'", "'empty'"],
  floatrange: ["'[0.1,NaN)'", "'(,)'"],
};
