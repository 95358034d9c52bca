/**
 * `mv <from>… <to>`: moves or renames.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { rename } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { planTransfers } from "../transfers.ts";
import { doing } from "../vfs-failure.ts";

const SHAPE = { usage: COMMANDS.mv.usage, rest: { min: 2 } } as const;

export default defineScript(async ({ args, folder }) => {
  const { rest } = parseArgs(args, SHAPE);
  for (const { from, to } of await planTransfers(rest, folder)) {
    // oxlint-disable-next-line no-await-in-loop -- what comes after a failure stays
    await doing("move", from, () => rename(from, to));
  }
});
