/** SQL that gives a role a schema of Ficus's with all that is in it, also where another role created it: a superuser's first try, say. */
import { quoteLiteral } from '../catalog/quote.ts';

/** Does nothing while there is no such schema. */
export function ownSchemaSql(schema: string, role: string): string {
  const of = `to_regnamespace(${quoteLiteral(schema)})`;
  return `DO $$ DECLARE object text; BEGIN
  FOR object IN
    SELECT format('SCHEMA %I', nspname) FROM pg_namespace WHERE oid = ${of}
    UNION ALL SELECT format('TABLE %s', oid::regclass) FROM pg_class WHERE relnamespace = ${of} AND relkind IN ('r', 'p')
    UNION ALL SELECT format('SEQUENCE %s', c.oid::regclass) FROM pg_class AS c WHERE relnamespace = ${of} AND relkind = 'S'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i'))
    UNION ALL SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = ${of} AND prokind = 'f'
  LOOP EXECUTE format('ALTER %s OWNER TO %I', object, ${quoteLiteral(role)}); END LOOP;
END $$;`;
}
