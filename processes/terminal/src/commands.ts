/**
 * The commands of this package: how they are called, for their own usage texts, for `help` and for completion.
 * @module
 */

/** What the words after a command are. */
export type ArgumentKind = "path" | "process" | "address" | "command" | "none";

export interface CommandInfo {
  /** How to call it. */
  readonly usage: string;
  /** What it does, without a full stop. */
  readonly does: string;
  readonly takes: ArgumentKind;
  /** Options with what they mean. */
  readonly flags?: Readonly<Record<string, string>>;
}

export const COMMANDS = {
  "add-node-provider": {
    usage:
      "add-node-provider <chain id> <node> [<public key> <ip> <ws port>] [--trusted true|false]",
    does: "reach a chain through another node",
    takes: "none",
    flags: { "--trusted": "a mark that get-providers shows (false)" },
  },
  "add-rpcurl-provider": {
    usage:
      "add-rpcurl-provider <chain id> <url> [basic|bearer|raw <credentials>] [--trusted true|false]",
    does: "reach a chain through a server, for example: add-rpcurl-provider 8453 wss://rpc.example",
    takes: "none",
    flags: {
      "--trusted": "a mark that get-providers shows (true)",
      "--chain-id": "the chain, when the URL is the first word (8453)",
      "--auth-type": "basic, bearer or raw, with --auth-value",
      "--auth-value": "credentials of that kind",
    },
  },
  alias: {
    usage: "alias <name> [<process-id>]",
    does: "make a short name for a script; without a process id, remove it",
    takes: "command",
  },
  caps: {
    usage: "caps [-h] <process-id>",
    does: "list the capabilities a process holds",
    takes: "process",
    flags: { "-h": "who holds a right that this process gives" },
  },
  cat: {
    usage: "cat [<vfs path>…]",
    does: "show files as text, for example: cat /terminal:sys/pkg/scripts.json",
    takes: "path",
  },
  cd: {
    usage: "cd [<folder>]",
    does: "change the folder that relative paths start from; without one, back to /",
    takes: "path",
  },
  "clear-state": {
    usage: "clear-state <process-id>",
    does: "forget what a process has stored of itself",
    takes: "process",
  },
  cp: {
    usage: "cp [-r] <from>… <to>",
    does: "copy files, or with -r folders",
    takes: "path",
    flags: { "-r": "folders with everything in them" },
  },
  echo: { usage: "echo <text>", does: "show the text", takes: "none" },
  "get-block": {
    usage: "get-block [<chain id>]",
    does: "show the newest block number of a chain (1)",
    takes: "none",
  },
  "get-providers": {
    usage: "get-providers",
    does: "show through whom this node reaches chains",
    takes: "none",
  },
  grep: {
    usage: "grep [-icnvE] <text> [<path>…]",
    does: "show the lines that contain a text",
    takes: "path",
    flags: {
      "-i": "upper and lower case are the same",
      "-c": "count them",
      "-n": "number them",
      "-v": "the lines without it",
      "-E": "the text is a regular expression",
    },
  },
  head: {
    usage: "head [-n <lines>] [<path>…]",
    does: "show the first lines (10)",
    takes: "path",
    flags: { "-n": "how many lines" },
  },
  help: { usage: "help [<command>]", does: "this list, or one command", takes: "command" },
  hfetch: { usage: "hfetch", does: "another name of kfetch", takes: "none" },
  hi: {
    usage: "hi <node> <message>",
    does: "send a message to the terminal of another node",
    takes: "none",
  },
  kfetch: { usage: "kfetch", does: "show what this node is", takes: "none" },
  kill: {
    usage: "kill <process-id>",
    does: "end a process; it is not restarted",
    takes: "process",
  },
  logs: {
    usage: "logs [-v] [-n <lines>] [<package>]",
    does: "show the newest lines that were printed, of all packages or of one",
    takes: "process",
    flags: { "-n": "how many lines (50)", "-v": "also details, levels 1 and 2" },
  },
  ls: {
    usage: "ls [-la] [<path>…]",
    does: "list a folder; / lists the packages",
    takes: "path",
    flags: { "-l": "with sizes", "-a": "also names that start with a dot" },
  },
  m: {
    usage: "m <address> '<body>' [-a <seconds>]",
    does: "send a request, for example: m our@chat:chat:example.os '\"Count\"' -a 5",
    takes: "address",
    flags: { "-a": "wait so many seconds and show the response" },
  },
  mkdir: {
    usage: "mkdir [-p] <folder>…",
    does: "make folders, or a drive: mkdir /chat:example.os/backup",
    takes: "path",
    flags: { "-p": "with the folders above it" },
  },
  mv: { usage: "mv <from>… <to>", does: "move or rename", takes: "path" },
  "namehash-to-name": {
    usage: "namehash-to-name <hash>",
    does: "show the name on chain that a hash stands for",
    takes: "none",
  },
  "net-diagnostics": {
    usage: "net-diagnostics",
    does: "show the state of the network part",
    takes: "none",
  },
  peer: { usage: "peer <node>", does: "show what is known about a node", takes: "none" },
  peers: { usage: "peers", does: "show every node with an open connection", takes: "none" },
  ps: {
    usage: "ps [-a]",
    does: "list the processes with what they use",
    takes: "none",
    flags: { "-a": "also the parts of the node" },
  },
  pwd: { usage: "pwd", does: "show the folder that relative paths start from", takes: "none" },
  "remove-provider": {
    usage: "remove-provider <chain id> <url or node>",
    does: "reach a chain through it no more",
    takes: "none",
  },
  rm: {
    usage: "rm [-r] <path>…",
    does: "remove files, or with -r folders",
    takes: "path",
    flags: { "-r": "folders with everything in them" },
  },
  tail: {
    usage: "tail [-f] [-n <lines>] [<path>]",
    does: "show the last lines (10)",
    takes: "path",
    flags: { "-n": "how many lines", "-f": "go on with what is added, until Ctrl+C" },
  },
  top: {
    usage: "top [<process-id>] [-c]",
    does: "show all processes, or one, in detail",
    takes: "process",
    flags: { "-c": "list their capabilities" },
  },
  trace: {
    usage: "trace [-n <messages>] [<process-id>]",
    does: "show messages as they pass, of all processes, of one, or of a package, until Ctrl+C",
    takes: "process",
    flags: { "-n": "end after so many" },
  },
  wc: {
    usage: "wc [-lwc] [<path>…]",
    does: "count lines, words and bytes",
    takes: "path",
    flags: { "-l": "lines only", "-w": "words only", "-c": "bytes only" },
  },
  which: {
    usage: "which <command>…",
    does: "show the program behind a command",
    takes: "command",
  },
  whoami: { usage: "whoami", does: "show the name of this node", takes: "none" },
  write: {
    usage: "write [-a] <path> [<text>…]",
    does: "write a text, or what is piped in, into a file",
    takes: "path",
    flags: { "-a": "at its end" },
  },
} as const satisfies Readonly<Record<string, CommandInfo>>;

export type CommandName = keyof typeof COMMANDS;

/** What is known about a command of this package. */
export function commandInfo(name: string): CommandInfo | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName] : undefined;
}
