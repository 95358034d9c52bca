/**
 * `download <node> <name>`: fetches a file and shows how far it is. It goes on when the command is stopped.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { sleep } from "@kinode-ts/stdlib/timer";
import type { Progress } from "../wire.ts";

const LOOK_MS = 500;

export default defineScript(async ({ our, args, emit }) => {
  const usage = "download <node> <name>";
  const [target, name] = parseArgs(args, { usage, rest: { min: 2, max: 2 } }).rest;
  const process = `our@file-transfer:${our.packageId().toString()}`;
  const started = (await request(process, { Download: { name, target } })).json() as {
    readonly Err?: string;
  };
  if (started.Err !== undefined) throw new ScriptFailure(started.Err);
  let shown = "";
  for (;;) {
    const answer = (await request(process, JSON.stringify("Progress"))).json() as {
      readonly Progress: readonly Progress[];
    };
    const now = answer.Progress.find((each) => each.name === name);
    if (now === undefined) throw new ScriptFailure(`${name} was cancelled`);
    if (now.stage === "failed") throw new ScriptFailure(`${name}: ${now.problem ?? "it failed"}`);
    if (now.stage === "done")
      return `${name} from ${now.target} is in /${our.packageId().toString()}/files`;
    const text = `${now.progress} %${now.problem === null ? "" : `: ${now.problem}`}`;
    if (text !== shown) await emit(text);
    shown = text;
    await sleep(LOOK_MS);
  }
});
