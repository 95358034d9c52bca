/**
 * `add-rpcurl-provider <chain id> <url> [<kind> <credentials>]`: reach a chain through a server. The order of the
 * reference's successor is taken as well: the URL first, the rest as options.
 * Source: spec/packages-and-tools.md §19.3.
 * @module
 */
import type { RpcAuth } from "@kinode-ts/stdlib/eth";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { addProvider, chainId, trustedBy } from "../eth-answer.ts";

const USAGE = COMMANDS["add-rpcurl-provider"].usage;
const SHAPE = {
  usage: USAGE,
  options: {
    "chain-id": { type: "text" },
    trusted: { type: "text", default: "true" },
    "auth-type": { type: "text" },
    "auth-value": { type: "text" },
  },
  rest: { max: 4 },
} as const;
const DEFAULT_CHAIN = "8453";
const URL_START = /^(wss?|https?):\/\/[^/\s]/i;

const KINDS: Readonly<Record<string, (text: string) => RpcAuth>> = {
  basic: (text) => ({ Basic: text }),
  bearer: (text) => ({ Bearer: text }),
  raw: (text) => ({ Raw: text }),
};

function authOf(kind: string | undefined, text: string | undefined): RpcAuth | null {
  if (kind === undefined && text === undefined) return null;
  const make = Object.hasOwn(KINDS, kind?.toLowerCase() ?? "")
    ? KINDS[kind!.toLowerCase()]
    : undefined;
  if (make !== undefined && text !== undefined) return make(text);
  throw new ScriptFailure(
    `credentials are given as basic, bearer or raw and a text\nusage: ${USAGE}`,
    {
      status: 2,
    },
  );
}

export default defineScript(async ({ args }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const isUrlFirst = rest[0] !== undefined && URL_START.test(rest[0]);
  const [chain, url, kind, text] = isUrlFirst
    ? [options["chain-id"] ?? DEFAULT_CHAIN, ...rest]
    : [rest[0], rest[1], rest[2], rest[3]];
  if (chain === undefined || url === undefined) return `usage: ${USAGE}`;
  if (!URL_START.test(url)) {
    throw new ScriptFailure(`"${url}" is no URL of a server: it begins with wss:// or https://`, {
      status: 2,
    });
  }
  const auth = authOf(kind ?? options["auth-type"], text ?? options["auth-value"]);
  const RpcUrl = auth === null ? url : { url, auth };
  return addProvider({
    chain_id: chainId(chain, USAGE),
    trusted: trustedBy(options.trusted, USAGE),
    provider: { RpcUrl },
  });
});
