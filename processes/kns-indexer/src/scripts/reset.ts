/**
 * `reset`: the indexer forgets everything and reads the chain again. Says nothing.
 * @module
 */
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { askIndexer } from "../ask-indexer.ts";

export default defineScript(async () => {
  const result = await askIndexer("Reset", "Reset");
  if (result !== "Success") throw new ScriptFailure(`no reset: ${JSON.stringify(result)}`);
});
