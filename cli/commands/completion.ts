/** `ficus completion`: scripts that complete commands, options and slices in a shell. */
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash-script.ts';
import { type CompletedCommand, readCommands } from '../completion/command-table.ts';
import { fishScript } from '../completion/fish-script.ts';
import { zshScript } from '../completion/zsh-script.ts';
import { loadConfig } from '../config/load-config.ts';
import { printScript } from '../output/terminal.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const HELP = `
The script completes commands, options and their values, and the slices of ficus.yaml (of --config, where it was typed before).
It is made from the program itself: print it again after an update. \`ficus completion slices\` prints the slices, one a line.
\`ficus\` has to be a command of the shell: an installation in a project has it in node_modules/.bin.

Examples:
  source <(ficus completion bash)                              # in ~/.bashrc
  source <(ficus completion zsh)                               # in ~/.zshrc, after compinit
  ficus completion fish > ~/.config/fish/completions/ficus.fish`;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('prints a script that completes commands, options and slices in a shell')
    .addArgument(new Argument('<shell>', 'or `slices`').choices([...Object.keys(SCRIPTS), 'slices']))
    .option('-c, --config <file>', 'the configuration, for slices', 'ficus.yaml')
    .exitOverride()
    .addHelpText('after', HELP)
    .action(async (shell: string, { config }: { config: string }) => {
      const script = SCRIPTS[shell];
      if (script) printScript(script(readCommands(program)));
      else
        printScript(
          Object.keys((await loadConfig(config)).slices)
            .map((name) => `${name}\n`)
            .join(''),
        );
    });
}
