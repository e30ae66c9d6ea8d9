/** `ficus completion fish` */
import type { CompletedCommand, CompletedOption } from './command-table.ts';
import { quoteForFish as quote } from './quote.ts';

export function fishScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const withSlice = commands
    .filter(({ args }) => args.some((argument) => argument.name === 'slice'))
    .map(({ name }) => name);
  return `# Completion of ficus in fish: ficus completion fish | source
complete -c ficus -f
complete -c ficus -n ${quote(`not __fish_seen_subcommand_from ${names}`)} -l version -d 'the version'
${commands.map(({ name, description }) => `complete -c ficus -n ${quote(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${quote(description)}`).join('\n')}
complete -c ficus -n ${quote(`__fish_seen_subcommand_from ${withSlice.join(' ')}`)} -a '(ficus completion slices 2>/dev/null)' -d slice
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

function optionOf({ long, short, description, takesValue, choices, isPath }: CompletedOption): string {
  const value = !takesValue
    ? []
    : isPath
      ? ['-r', '-F']
      : choices.length > 0
        ? ['-x', '-a', quote(choices.join(' '))]
        : ['-x'];
  return [
    ...(short ? ['-s', short.slice(1)] : []),
    '-l',
    long.slice(2),
    ...value,
    '-d',
    quote(description),
  ].join(' ');
}
