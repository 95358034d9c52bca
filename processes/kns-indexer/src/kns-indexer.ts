/**
 * `kns-indexer:kns-indexer:sys`: knows which names on chain are nodes, and tells `net`.
 * Source: spec/network-identity.md §3.6; docs/modules/kns-indexer.md.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, parseJson, print, serve } from "@kinode-ts/stdlib";
import { readConfig } from "./config.ts";
import { createEthClient } from "./eth-client.ts";
import { Follower } from "./follow.ts";
import { IndexState } from "./index-state.ts";
import { Answers } from "./messages.ts";

const ETH_PROCESS = "eth:distro:sys";

/** `{"Ok":{"id","result"}}` or `{"Err":{"id","error"}}`; anything else is nothing. */
async function takeUpdate(message: IncomingRequest, follower: Follower): Promise<void> {
  const update = parseJson(message.text());
  if (typeof update !== "object" || update === null) return;
  const { Ok: ok, Err: error } = update as Readonly<
    Record<string, { id?: unknown; result?: unknown; error?: unknown } | undefined>
  >;
  if (ok?.id !== undefined) await follower.update(ok.id, { log: ok.result });
  else if (error?.id !== undefined) {
    await follower.update(error.id, { error: String(error.error) });
  }
}

async function handle(
  message: IncomingRequest,
  answers: Answers,
  follower: Follower,
): Promise<Answer | undefined> {
  if (!message.isLocal) return undefined;
  try {
    if (message.isFrom(ETH_PROCESS)) {
      await takeUpdate(message, follower);
      return undefined;
    }
    const answer = await answers.answer(message);
    return message.expectsResponse === undefined ? undefined : answer;
  } catch (thrown) {
    // Whoever asked is told; the index goes on.
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    print(`names on chain: ${message.source.toString()} asked in vain: ${why}`, 2);
    return message.expectsResponse === undefined ? undefined : { Err: why };
  }
}

export default defineProcess(async () => {
  const config = await readConfig();
  const index = new IndexState(config, createEthClient(config.chainId));
  const follower = new Follower(index);
  await follower.restore();
  const answers = new Answers(index, follower);
  void follower.run();
  await serve((message) => handle(message, answers, follower));
});
