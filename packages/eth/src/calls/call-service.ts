/**
 * Serves one call: from memory, by the servers of the chain, by other nodes.
 * Source: spec/network-identity.md §5.2.
 * @module
 */
import type { NodeId, U64 } from "@kinode-ts/types";
import { bodyText, type CallAction } from "../actions.ts";
import { EthError } from "../errors.ts";
import { membersOf, rawVariant, stringOf } from "../json/raw-json.ts";
import { ALLOWED_METHODS } from "../methods.ts";
import type { EndpointPowers } from "../providers/endpoint.ts";
import type { ProviderBook } from "../providers/provider-book.ts";
import type { RpcFailureKind } from "../rpc/failure.ts";
import { AnswerCache } from "./answer-cache.ts";
import { askServers } from "./ask-servers.ts";
import type { Deadline } from "./deadline.ts";
import type { NodeAsks } from "./node-asks.ts";

export interface Call {
  readonly action: CallAction;
  readonly id: U64;
  readonly deadline: Deadline;
  /** Other nodes are not asked on behalf of other nodes: there would be no end to it. */
  readonly isLocal: boolean;
}

/** What another node answered, when it answered in the documented form. */
type NodeAnswer =
  | { readonly kind: "result"; readonly result: string }
  | { readonly kind: "rpc-error"; readonly error: string }
  | { readonly kind: "other" };

/** Seconds that a forwarded request says it expects an answer in. */
export const FORWARD_EXPECTS_S = 60;

const encoder = new TextEncoder();

export class CallService {
  readonly #book: ProviderBook;
  readonly #asks: NodeAsks;
  readonly #our: NodeId;
  readonly #powers: EndpointPowers;
  readonly #cache: AnswerCache;
  /** Nodes whose answers made no sense, and until when they are passed over. */
  readonly #senseless = new Map<NodeId, number>();

  constructor(book: ProviderBook, asks: NodeAsks, our: NodeId, powers: EndpointPowers) {
    this.#book = book;
    this.#asks = asks;
    this.#our = our;
    this.#powers = powers;
    this.#cache = new AnswerCache(powers.clock, powers.limits);
  }

  /** The providers are others now. */
  reset(): void {
    this.#cache.clear();
    this.#senseless.clear();
  }

  /**
   * The result, a JSON text.
   * @throws {EthError}
   */
  async serve({ action, id, deadline, isLocal }: Call): Promise<string> {
    const { method } = action;
    if (!ALLOWED_METHODS.has(method)) throw new EthError({ code: "eth.invalid-method", method });
    if (!/^(\[|\{|null$)/.test(action.params)) throw new EthError({ code: "eth.invalid-params" });
    if (deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
    const kept = this.#cache.find(action);
    if (kept !== undefined) return kept;
    const outcome = await askServers(this.#book, action, deadline, this.#powers);
    if (outcome.kind === "result") {
      this.#cache.keep(action, outcome.result);
      return outcome.result;
    }
    if (outcome.kind === "error") throw rpcError(outcome.error);
    const error = (isLocal ? await this.#askNodes(action, id, deadline) : undefined) ?? outcome;
    if ("result" in error) return error.result;
    const refusal = error.refusal ?? outcome.refusal;
    if (refusal !== undefined) throw rpcError(refusal);
    throw new EthError({ code: faultOf(outcome.failure) });
  }

  async #askNodes(
    action: CallAction,
    id: U64,
    deadline: Deadline,
  ): Promise<{ readonly result: string } | { readonly refusal: string | undefined }> {
    const { clock, limits } = this.#powers;
    const { chainId, method, params } = action;
    const nodes = this.#book
      .nodes(chainId, this.#our)
      .filter((node) => clock.monotonicMs() >= (this.#senseless.get(node) ?? 0));
    const body = encoder.encode(
      `{"Request":{"chain_id":${chainId},"method":${JSON.stringify(method)},"params":${params}}}`,
    );
    let refusal: string | undefined;
    for (const [at, node] of nodes.entries()) {
      if (deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
      const timeoutMs = Math.min(limits.nodeTimeoutMs, deadline.leftMs / (nodes.length - at));
      const expectsSeconds = FORWARD_EXPECTS_S;
      const end = await this.#asks.ask({ node, body, id, expectsSeconds, timeoutMs });
      if (end.kind !== "answer") continue;
      const answer = this.#readAnswer(end.body);
      if (answer === undefined) {
        this.#senseless.set(node, clock.monotonicMs() + limits.methodMemoryMs);
      } else if (answer.kind === "result") {
        this.#book.moveFirst(chainId, node);
        return answer;
      } else if (answer.kind === "rpc-error") refusal = answer.error;
    }
    if (nodes.length > 0 && deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
    return { refusal };
  }

  #readAnswer(body: Uint8Array): NodeAnswer | undefined {
    const { maxDepth, maxAnswerParts } = this.#powers.limits;
    const text = bodyText(body, { maxDepth, maxParts: maxAnswerParts });
    if (text === undefined) return undefined;
    const [name, value] = rawVariant(text) ?? [];
    if (value === undefined) return undefined;
    if (name === "Response") return { kind: "result", result: value };
    if (name !== "Err") return undefined;
    const error = membersOf(value)?.get("RpcError");
    if (error !== undefined) return { kind: "rpc-error", error };
    return stringOf(value) === "RpcMalformedResponse" ? undefined : { kind: "other" };
  }
}

/** What tells most when a server was there and was of no use. */
function faultOf(
  failure: RpcFailureKind | undefined,
): "eth.rpc-malformed-response" | "eth.rpc-timeout" | "eth.no-rpc-for-chain" {
  if (failure === "malformed") return "eth.rpc-malformed-response";
  return failure === "timeout" ? "eth.rpc-timeout" : "eth.no-rpc-for-chain";
}

function rpcError(error: string): EthError {
  return new EthError({ code: "eth.rpc-error", error });
}
