/**
 * `terminal:terminal:sys`: runs the lines a person types.
 * Source: spec/packages-and-tools.md §19, spec/runtime-modules.md §10.2.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, our, print, serve } from "@kinode-ts/stdlib";
import { Aliases } from "./aliases.ts";
import { parseCommandLine, toProcessId } from "./command-line.ts";
import { runScript, ScriptError } from "./run-script.ts";

async function runLine(line: string, aliases: Aliases): Promise<void> {
  const parsed = parseCommandLine(line);
  if (parsed === undefined) return;
  const { head, args } = parsed;
  const script = toProcessId(aliases.find(head) ?? head);
  if (script === undefined) {
    print(`error calling script: '${head}' not found, either as an alias or process ID`);
    return;
  }
  try {
    await runScript(script, args);
  } catch (thrown) {
    if (!(thrown instanceof ScriptError)) throw thrown;
    print(`error calling script: ${thrown.message}`);
  }
}

interface EditAlias {
  readonly alias: string;
  readonly process: string | null;
}

function parseEdit(value: unknown): EditAlias {
  const { alias, process = null } = (value as { EditAlias: Partial<EditAlias> }).EditAlias;
  if (typeof alias !== "string" || (typeof process !== "string" && process !== null)) {
    throw new TypeError('an edit is {"EditAlias":{"alias":text,"process":text or null}}');
  }
  return { alias, process };
}

function handle(
  message: IncomingRequest,
  aliases: Aliases,
): Promise<Answer | undefined> | undefined {
  const { source } = message;
  if (source.equals(our())) return runLine(message.text(), aliases).then(() => undefined);
  const isOurPackage = message.isLocal && source.packageId().equals(our().packageId());
  if (!isOurPackage) {
    print(`ignored a request of ${source.toString()}`, 2);
    return undefined;
  }
  const { alias, process } = message.json(parseEdit);
  return aliases.edit(alias, process).then((outcome) => ({ EditAlias: outcome }));
}

export default defineProcess(async () => {
  const aliases = await Aliases.load();
  await serve((message) => handle(message, aliases), {
    onResponse: (response) => print(response.text()),
  });
});
