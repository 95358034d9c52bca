/**
 * `help [command]`: what can be typed.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib";

const COMMANDS: Readonly<Record<string, string>> = {
  alias:
    "alias <name> [<process-id>]: make a short name for a script; without a process id, remove it",
  cat: "cat <vfs path>: show a file as text, for example: cat /terminal:sys/pkg/scripts.json",
  echo: "echo <text>: show the text",
  help: "help [<command>]: this list, or one command",
  hi: "hi <node> <message>: send a message to the terminal of another node",
  kfetch: "kfetch: show what this node is",
  kill: "kill <process-id>: end a process; it is not restarted",
  m: "m <address> '<json>' [-a <seconds>]: send a request, for example: m our@chat:chat:example.os '\"Count\"' -a 5",
  "net-diagnostics": "net-diagnostics: show the state of the network part",
  peer: "peer <node>: show what is known about a node",
  peers: "peers: show every node with an open connection",
  top: "top [<process-id>] [-c]: show all processes, or one; -c lists capabilities",
};

const KEYS = [
  "Ctrl+C, Ctrl+D  shut the node down",
  "Ctrl+V          more or less detail (0 to 3)",
  "Ctrl+W          detail per process",
  "Ctrl+J, Ctrl+S  step through events, one step",
  "Ctrl+L          log file on or off",
  "Ctrl+A, Ctrl+E  start, end of the line",
  "Ctrl+P, Ctrl+N  older, newer line of the history (also the arrows)",
  "Ctrl+R, Ctrl+G  search the history, leave the search",
];

export default defineScript(({ args }) => {
  const name = args.trim();
  if (name === "") return [...Object.values(COMMANDS), "", ...KEYS].join("\n");
  const help = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return help ?? `no command called "${name}"; type: help`;
});
