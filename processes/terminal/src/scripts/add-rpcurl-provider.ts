/**
 * `add-rpcurl-provider <chain id> <url> [<kind> <credentials>]`: reach a chain through a server.
 * @module
 */
import type { RpcAuth } from "@kinode-ts/stdlib/eth";
import { defineScript, ScriptFailure, splitWords } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { addProvider, chainId } from "../eth-answer.ts";

const USAGE = COMMANDS["add-rpcurl-provider"].usage;
const KINDS: Readonly<Record<string, (text: string) => RpcAuth>> = {
  basic: (text) => ({ Basic: text }),
  bearer: (text) => ({ Bearer: text }),
  raw: (text) => ({ Raw: text }),
};

function authOf(kind: string | undefined, text: string | undefined): RpcAuth | null {
  if (kind === undefined) return null;
  const make = KINDS[kind.toLowerCase()];
  if (make !== undefined && text !== undefined) return make(text);
  throw new ScriptFailure(`"${kind}" needs credentials\nusage: ${USAGE}`, { status: 2 });
}

export default defineScript(async ({ args }) => {
  const [chain, url, kind, text, more] = splitWords(args);
  if (chain === undefined || url === undefined || more !== undefined) return `usage: ${USAGE}`;
  if (!/^(wss?|https?):\/\/[^/\s]/.test(url)) {
    throw new ScriptFailure(`"${url}" is no URL of a server: it begins with wss:// or https://`, {
      status: 2,
    });
  }
  const auth = authOf(kind, text);
  const RpcUrl = auth === null ? url : { url, auth };
  return addProvider({ chain_id: chainId(chain, USAGE), trusted: true, provider: { RpcUrl } });
});
