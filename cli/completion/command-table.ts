/** What can be typed after `ficus`, read from the program itself: a completion script cannot name what is not there. */
import type { Command } from 'commander';

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  /** In order; `slice` is completed from the config. */
  readonly args: readonly CompletedArgument[];
  readonly options: readonly CompletedOption[];
}

export interface CompletedArgument {
  readonly name: string;
  /** Empty where anything may stand. */
  readonly choices: readonly string[];
}

export interface CompletedOption {
  readonly long: string;
  /** `-c` */
  readonly short: string | undefined;
  readonly description: string;
  /** Whether a word follows that is its value. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** Whether its value is a path. */
  readonly isPath: boolean;
  /** Whether its value is a slice of the config. */
  readonly isSlice: boolean;
}

const HELP: CompletedOption = {
  ...{ long: '--help', short: '-h', description: 'the manual of the command' },
  ...{ takesValue: false, choices: [], isPath: false, isSlice: false },
};

export function readCommands(program: Command): CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    args: readArguments(command),
    options: [...[command, ...command.commands].flatMap(({ options }) => options).flatMap(readOption), HELP],
  }));
}

/** A command with commands of its own has them as its first argument; those of one take the same arguments. */
function readArguments(command: Command): CompletedArgument[] {
  const own = command.registeredArguments.map((argument) => ({
    name: argument.name(),
    choices: argument.argChoices ?? [],
  }));
  const [first] = command.commands;
  if (!first) return own;
  return [
    { name: 'command', choices: command.commands.map((inner) => inner.name()) },
    ...readArguments(first),
  ];
}

function readOption(option: Command['options'][number]): CompletedOption[] {
  if (!option.long || option.hidden) return [];
  const { long, short, description, required, flags, argChoices } = option;
  const isPath = /[<[](file|folder|dir|directory|path)[>\]]/i.test(flags);
  const isSlice = /<slice>/i.test(flags);
  return [{ long, short, description, takesValue: required, choices: argChoices ?? [], isPath, isSlice }];
}
