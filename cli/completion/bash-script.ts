/** `ficus completion bash` */
import type { CompletedArgument, CompletedCommand, CompletedOption } from './command-table.ts';
import { quote } from './quote.ts';

export function bashScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# Completion of ficus in bash: source <(ficus completion bash)
_ficus_slices() {
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" completion slices \${config:+--config "$config"} 2>/dev/null)" -- "$cur"))
}
_ficus() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= config= at=0 i
  local options= values= paths= sliced= arguments= choices=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] || { command=\${COMP_WORDS[i]}; break; }
  done
  case $command in
    '') COMPREPLY=($(compgen -W ${quote(`${names} --help --version`)} -- "$cur")); return ;;
${commands.map(caseOf).join('\n')}
    *) return ;;
  esac
  for ((i++; i < COMP_CWORD; i++)); do
    case " $values " in
      *" \${COMP_WORDS[i]} "*)
        [[ \${COMP_WORDS[i]} == -c || \${COMP_WORDS[i]} == --config ]] && config=\${COMP_WORDS[i+1]}
        ((i++)) ;;
      *) [[ \${COMP_WORDS[i]} == -* ]] || ((at++)) ;;
    esac
  done
  case "$command $prev" in
${commands.flatMap(choicesOf).join('\n')}
  esac
  local names=($arguments)
  if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$cur"))
  elif [[ " $paths " == *" $prev "* ]]; then COMPREPLY=($(compgen -f -- "$cur"))
  elif [[ " $sliced " == *" $prev "* ]]; then _ficus_slices
  elif [[ " $values " == *" $prev "* ]]; then return
  elif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ \${names[at]} == slice ]]; then _ficus_slices
  elif [[ \${names[at]} == *'|'* ]]; then COMPREPLY=($(compgen -W "\${names[at]//|/ }" -- "$cur"))
  fi
}
complete -o filenames -F _ficus ficus
`;
}

function caseOf({ name, args, options }: CompletedCommand): string {
  const valued = options.filter(({ takesValue }) => takesValue);
  const words = (some: readonly CompletedOption[]) =>
    quote(some.flatMap(({ short, long }) => (short ? [short, long] : [long])).join(' '));
  const all = quote(options.map(({ long }) => long).join(' '));
  const paths = words(valued.filter(({ isPath }) => isPath));
  const sliced = words(valued.filter(({ isSlice }) => isSlice));
  return `    ${name}) options=${all} values=${words(valued)} paths=${paths} sliced=${sliced} arguments=${quote(args.map(argumentOf).join(' '))} ;;`;
}

/** A word: its choices, or its name. */
const argumentOf = ({ name, choices }: CompletedArgument): string =>
  choices.length > 0 ? choices.join('|') : name;

const choicesOf = ({ name, options }: CompletedCommand): string[] =>
  options
    .filter(({ choices }) => choices.length > 0)
    .map(({ long, choices }) => `    ${quote(`${name} ${long}`)}) choices=${quote(choices.join(' '))} ;;`);
