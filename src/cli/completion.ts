import { type Command, usageError } from './command.ts';
import { COMMANDS } from './main.ts';

/** Words after a command that are not options. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  cache: ['stats', 'dump', 'flush'],
  completion: ['bash', 'zsh', 'fish'],
  keys: ['create', 'list', 'delete'],
  log: ['tail', 'search'],
  vpc: ['create', 'list', 'delete'],
  help: COMMANDS.map(({ name }) => name),
};
/** Options whose value is a path. */
const FILE_OPTIONS = ['--config', '--socket', '--change', '--questions', '--root', '--probe'];

export const command: Command = {
  name: 'completion',
  usage: 'bash | zsh | fish',
  summary: 'Prints a completion script for a shell, made from the commands themselves.',
  options: {},
  examples: [
    'causeway completion bash > /etc/bash_completion.d/causeway',
    'causeway completion zsh > ~/.zfunc/_causeway',
    'causeway completion fish > ~/.config/fish/completions/causeway.fish',
  ],
  async run(input, io) {
    const commands = await Promise.all(COMMANDS.map(async ({ load }) => (await load()).command));
    switch (input.positionals[0]) {
      case 'bash':
        io.out(bash(commands));
        return 0;
      case 'zsh':
        io.out(zsh(commands));
        return 0;
      case 'fish':
        io.out(fish(commands));
        return 0;
      default:
        throw usageError('completion', 'say `bash`, `zsh` or `fish`');
    }
  },
};

function optionsOf({ options }: Command): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`);
}

function bash(commands: readonly Command[]): string {
  const names = [...COMMANDS.map(({ name }) => name), 'help'].join(' ');
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words="${[...(WORDS[command.name] ?? []), ...optionsOf(command)].join(' ')}" ;;`,
  );
  return `# bash completion for causeway
_causeway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" words
  case "$previous" in
    ${FILE_OPTIONS.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) words="${WORDS['help']!.join(' ')}" ;;
${cases.join('\n')}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _causeway causeway
`;
}

function zsh(commands: readonly Command[]): string {
  const described = COMMANDS.map(({ name, summary }) => `    '${name}:${summary}'`).join('\n');
  const cases = commands.map((command) => {
    const specs = Object.entries(command.options).map(([name, { value, help }]) => {
      const path = FILE_OPTIONS.includes(`--${name}`) ? '_files' : ' ';
      return `'--${name}[${help.replace(/[[\]':]/g, '')}]${value === undefined ? '' : `:${value}:${path}`}'`;
    });
    const words = WORDS[command.name];
    if (words !== undefined) specs.push(`'1:action:(${words.join(' ')})'`);
    return `    ${command.name}) _arguments ${[...specs, "'--help[show help]'"].join(' ')} ;;`;
  });
  return `#compdef causeway
_causeway() {
  local -a commands
  commands=(
${described}
    'help:show help'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
_causeway "$@"
`;
}

function fish(commands: readonly Command[]): string {
  const names = [...COMMANDS.map(({ name }) => name), 'help'].join(' ');
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'").replaceAll('\n', ' ')}'`;
  const lines = COMMANDS.map(
    ({ name, summary }) =>
      `complete -c causeway -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d ${quote(summary)}`,
  );
  for (const command of commands) {
    const seen = `complete -c causeway -n "__fish_seen_subcommand_from ${command.name}"`;
    for (const word of WORDS[command.name] ?? []) lines.push(`${seen} -a ${word}`);
    for (const [name, { value, help }] of Object.entries(command.options)) {
      const argument = value === undefined ? '' : FILE_OPTIONS.includes(`--${name}`) ? ' -r -F' : ' -x';
      lines.push(`${seen} -l ${name}${argument} -d ${quote(help)}`);
    }
  }
  return `# fish completion for causeway\ncomplete -c causeway -f\n${lines.join('\n')}\n`;
}
