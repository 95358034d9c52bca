/**
 * `help [command]`: what can be typed.
 * @module
 */
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { commandInfo, COMMANDS, type CommandInfo } from "../commands.ts";

const LINES = [
  "ls /chat:example.os | grep x   the output of one command is the input of the next",
  "cd /chat:example.os && ls      && goes on only after success, ; in any case",
  "A | && or ; that is meant as text is put in quotes.",
];

const KEYS = [
  "Tab             complete; twice: all possibilities",
  "Ctrl+C          end the command that runs, or shut the node down",
  "Ctrl+D          shut the node down",
  "Ctrl+V          more or less detail (0 to 3)",
  "Ctrl+W          detail per process",
  "Ctrl+J, Ctrl+S  step through events, one step",
  "Ctrl+L          log file on or off",
  "Ctrl+A, Ctrl+E  start, end of the line",
  "Ctrl+P, Ctrl+N  older, newer line of the history (also the arrows)",
  "Ctrl+R, Ctrl+G  search the history, leave the search",
];

function brief({ usage, does }: CommandInfo): string {
  return `${usage}: ${does}`;
}

function whole(info: CommandInfo): string {
  const flags = Object.entries(info.flags ?? {}).map(([flag, meaning]) => `  ${flag}  ${meaning}`);
  return [brief(info), ...flags].join("\n");
}

export default defineScript(({ args }) => {
  const name = args.trim();
  if (name === "")
    return [...Object.values(COMMANDS).map(brief), "", ...LINES, "", ...KEYS].join("\n");
  const info = commandInfo(name);
  if (info === undefined) throw new ScriptFailure(`no command called "${name}"; type: help`);
  return whole(info);
});
