/**
 * `logs [-v] [-n <lines>] [<package>]`: the newest lines that were printed, of all packages or of one.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";

const SHAPE = {
  usage: COMMANDS.logs.usage,
  options: {
    lines: { type: "integer", short: "n", default: 50 },
    verbose: { type: "flag", short: "v" },
  },
  rest: { max: 1 },
} as const;

/** `package:publisher` of a package id or a process id: lines carry their package. */
function packageOf(name: string): string {
  return name.split(":").slice(-2).join(":");
}

export default defineScript(async ({ args }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const from = rest[0] === undefined ? null : packageOf(rest[0]);
  const wanted = {
    Recent: {
      lines: Math.max(options.lines, 0),
      package: from,
      verbosity: options.verbose ? 2 : 0,
    },
  };
  const answer = (await request("log:distro:sys", wanted)).json() as {
    Recent?: string[];
    Err?: string;
  };
  if (answer.Recent === undefined) throw new ScriptFailure(`the log answered ${answer.Err}`);
  return answer.Recent.join("\n");
});
