/**
 * The sample brings its own databases and listens on this machine: the shell's variables for other databases
 * (PGSSLMODE, PGHOST, and HOST, which conda and csh set to a name that is no address) would reach its parts and break
 * them.
 */
export function dropForeignVariables(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(environment))
    if (name === 'HOST' || /^PG[A-Z]+$/.test(name)) delete environment[name];
}
