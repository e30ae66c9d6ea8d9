/** `ficus completion fish` */
import type { CompletedCommand, CompletedOption } from './command-table.ts';
import { quoteForFish as quote } from './quote.ts';

const SLICES = quote('(ficus completion slices 2>/dev/null)');

export function fishScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const withSlice = commands
    .filter(({ args }) => args.some((argument) => argument.name === 'slice'))
    .map(({ name }) => name);
  return `# Completion of ficus in fish: ficus completion fish | source
complete -c ficus -f
complete -c ficus -n ${quote(`not __fish_seen_subcommand_from ${names}`)} -l version -d 'the version'
${commands.map(({ name, description }) => `complete -c ficus -n ${quote(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${quote(description)}`).join('\n')}
complete -c ficus -n ${quote(`__fish_seen_subcommand_from ${withSlice.join(' ')}`)} -a ${SLICES} -d slice
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ name, args, options }: CompletedCommand): string[] {
  const within = `complete -c ficus -n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
  const chosen = args.filter(({ choices }) => choices.length > 0);
  return [
    ...chosen.map(({ choices }) => `${within} -a ${quote(choices.join(' '))}`),
    ...options.map((option) => `${within} ${optionOf(option)}`),
  ];
}

function optionOf(option: CompletedOption): string {
  const { long, short, description } = option;
  return [
    ...(short ? ['-s', short.slice(1)] : []),
    '-l',
    long.slice(2),
    ...argumentOf(option),
    '-d',
    quote(description),
  ].join(' ');
}

function argumentOf({ takesValue, choices, isPath, isSlice }: CompletedOption): string[] {
  if (!takesValue) return [];
  if (isPath) return ['-r', '-F'];
  if (isSlice) return ['-x', '-a', SLICES];
  return choices.length > 0 ? ['-x', '-a', quote(choices.join(' '))] : ['-x'];
}
