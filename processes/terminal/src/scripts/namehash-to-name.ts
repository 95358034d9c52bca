/**
 * `namehash-to-name <hash>`: the name on chain that a hash stands for.
 * Source: spec/packages-and-tools.md §17, §19.3.
 * @module
 */
import { request, SendError } from "@kinode-ts/stdlib";
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { oneRow } from "../shown-text.ts";

const INDEXER = "our@kns-indexer:kns-indexer:sys";
const USAGE = COMMANDS["namehash-to-name"].usage;

async function nameOf(hash: string): Promise<string | null> {
  try {
    const question = { NamehashToName: { hash, block: 0 } };
    const answer = (await request(INDEXER, question, { timeout: "10s" })).json();
    return (answer as { readonly Name?: string | null }).Name ?? null;
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw new ScriptFailure("the indexer of names does not answer");
  }
}

export default defineScript(async ({ args }) => {
  const hash = args.trim().toLowerCase();
  if (hash === "") return `usage: ${USAGE}`;
  if (!/^0x[0-9a-f]{64}$/.test(hash)) {
    throw new ScriptFailure(`"${hash}" is no hash: 0x and 64 digits of hex\nusage: ${USAGE}`, {
      status: 2,
    });
  }
  const name = await nameOf(hash);
  if (name === null) throw new ScriptFailure(`no name is known for ${hash}`);
  return `${hash}: ${oneRow(name)}`;
});
