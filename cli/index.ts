/** Public entry point of the command: for embedding and for tests. */
export { main } from './main.ts';
export { buildProgram } from './program.ts';
