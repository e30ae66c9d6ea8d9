/** `ficus completion zsh` */
import type { CompletedArgument, CompletedCommand, CompletedOption } from './command-table.ts';
import { quote } from './quote.ts';

export function zshScript(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, description }) => `      ${quote(`${name}:${description}`)}`);
  return `#compdef ficus
# Completion of ficus in zsh: source <(ficus completion zsh)
_ficus_slices() {
  local -a names
  local config=\${opt_args[--config]:-\${opt_args[-c]}}
  names=(\${(f)"$("$_ficus_command" completion slices \${config:+--config} \${config:+$config} 2>/dev/null)"})
  compadd -a names
}
_ficus() {
  local context state line _ficus_command=\${words[1]}
  typeset -A opt_args
  _arguments -C '(- *)--help[the manual]' '(- *)--version[the version]' '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands=(
${described.join('\n')}
      )
      _describe command commands ;;
    argument)
      case \${words[1]} in
${commands.map(caseOf).join('\n')}
      esac ;;
  esac
}
compdef _ficus ficus
`;
}

function caseOf({ name, args, options }: CompletedCommand): string {
  const given = args.map((argument, at) => quote(`${at + 1}:${argument.name}:${actionOf(argument)}`));
  return `        ${name}) _arguments ${[...options.flatMap(specOf), ...given].join(' ')} ;;`;
}

const SLICES = '_ficus_slices';

function actionOf({ name, choices }: CompletedArgument): string {
  if (name === 'slice') return SLICES;
  return choices.length > 0 ? `(${choices.join(' ')})` : ' ';
}

function specOf(option: CompletedOption): string[] {
  const { long, short, description, takesValue } = option;
  const text = description.replace(/[[\]:\\]/g, '\\$&');
  const value = takesValue ? `:value:${valueActionOf(option)}` : '';
  const names = short ? [short, long] : [long];
  return names.map((name) => quote(`(${names.join(' ')})${name}[${text}]${value}`));
}

function valueActionOf({ choices, isPath, isSlice }: CompletedOption): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  if (isSlice) return SLICES;
  return isPath ? '_files' : ' ';
}
