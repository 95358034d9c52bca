/**
 * `which <command>…`: the program behind a command.
 * @module
 */
import { ProcessId, ProcessIdParseError } from "@kinode-ts/stdlib";
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { file, VfsError } from "@kinode-ts/stdlib/vfs";
import { askTerminal } from "../ask-terminal.ts";
import { COMMANDS } from "../commands.ts";

/** File of a script, or why there is none. */
async function programOf(script: string): Promise<string | undefined> {
  try {
    const id = ProcessId.parse(script);
    const folder = `/${id.packageId().toString()}/pkg`;
    const listed: unknown = JSON.parse(await file(`${folder}/scripts.json`).text());
    const names = [`${id.process}.wasm`, `${id.process}.js`];
    const name = names.find((each) => Object.hasOwn(listed as object, each));
    return name === undefined ? undefined : `${folder}/${name}`;
  } catch (thrown) {
    const isAbsent = thrown instanceof VfsError || thrown instanceof SyntaxError;
    if (isAbsent || thrown instanceof ProcessIdParseError) return undefined;
    throw thrown;
  }
}

async function describe(
  name: string,
): Promise<{ readonly line: string; readonly isThere: boolean }> {
  const script = (await askTerminal("FindAlias", name)) as string | null;
  const program = await programOf(script ?? name);
  if (program !== undefined)
    return { line: `${name}: ${script ?? name} (${program})`, isThere: true };
  const line =
    script === null
      ? `${name}: no command of this name`
      : `${name}: ${script}, which its package does not have`;
  return { line, isThere: false };
}

export default defineScript(async ({ args }) => {
  const { rest } = parseArgs(args, { usage: COMMANDS.which.usage, rest: { min: 1 } });
  const found = await Promise.all(rest.map(describe));
  const pick = (isThere: boolean): string =>
    found
      .filter((each) => each.isThere === isThere)
      .map(({ line }) => line)
      .join("\n");
  return { output: pick(true), errors: pick(false), status: pick(false) === "" ? 0 : 1 };
});
