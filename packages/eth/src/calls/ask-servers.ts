/**
 * A call to the RPC servers of a chain, one after the other.
 * Source: spec/network-identity.md §5.2 (4).
 * @module
 */
import type { CallAction } from "../actions.ts";
import { EthError, LIMIT_EXCEEDED } from "../errors.ts";
import type { Endpoint, EndpointPowers } from "../providers/endpoint.ts";
import type { ProviderBook } from "../providers/provider-book.ts";
import { RpcFailure, type RpcFailureKind } from "../rpc/failure.ts";
import { isMissingMethod, isRateLimit, type RpcAnswer } from "../rpc/json-rpc.ts";
import { type Deadline, sleep } from "./deadline.ts";

/** `none`: no server answered; `refusal` is the error of one that would not. Texts are JSON. */
export type ServerOutcome =
  | { readonly kind: "result"; readonly result: string }
  | { readonly kind: "error"; readonly error: string }
  | {
      readonly kind: "none";
      readonly refusal: string | undefined;
      /** How the last one failed. */
      readonly failure: RpcFailureKind | undefined;
    };

const RATE_LIMITED = JSON.stringify({
  code: LIMIT_EXCEEDED,
  message: "the provider is asked too often",
});

/**
 * Tries the servers; one that answers with an error has a second try a little later, like all the others.
 * @throws {EthError} `eth.rpc-timeout`
 */
export async function askServers(
  book: ProviderBook,
  action: CallAction,
  deadline: Deadline,
  { clock, limits }: EndpointPowers,
): Promise<ServerOutcome> {
  const attemptMs = limits.attemptTimeoutMs;
  const first = await tryServers(book, action, deadline, attemptMs);
  if (first.kind !== "error" || deadline.leftMs <= limits.retryAfterMs) return first;
  await sleep(clock, limits.retryAfterMs);
  const second = await tryServers(book, action, deadline, attemptMs).catch(() => first);
  return second.kind === "none" ? first : second;
}

async function tryServers(
  book: ProviderBook,
  action: CallAction,
  deadline: Deadline,
  attemptMs: number,
): Promise<ServerOutcome> {
  const servers = book.endpoints(action.chainId, action.method);
  let refusal = book.refusal(action.chainId, action.method);
  let failure: RpcFailureKind | undefined;
  for (const [at, server] of servers.entries()) {
    if (deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
    // What is left is shared, so that one that stalls leaves time for the others.
    const shareMs = Math.min(attemptMs, deadline.leftMs / (servers.length - at));
    const answer = await askServer(server, action, shareMs);
    if (answer.kind === "result") {
      book.moveFirst(action.chainId, server);
      return answer;
    }
    if (answer.kind === "error") return answer;
    refusal = answer.refusal ?? refusal;
    failure = answer.failure ?? failure;
  }
  if (servers.length > 0 && deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
  return { kind: "none", refusal, failure };
}

async function askServer(
  server: Endpoint,
  { method, params }: CallAction,
  timeoutMs: number,
): Promise<ServerOutcome> {
  try {
    const answer = await server.call(method, params, timeoutMs);
    return outcomeOf(server, method, answer);
  } catch (thrown) {
    if (!(thrown instanceof RpcFailure)) throw thrown;
    server.health.failed(thrown.kind);
    const refusal = thrown.kind === "rate-limited" ? RATE_LIMITED : undefined;
    if (refusal !== undefined) server.health.refusal = refusal;
    return { kind: "none", refusal, failure: thrown.kind };
  }
}

function outcomeOf(server: Endpoint, method: string, answer: RpcAnswer): ServerOutcome {
  if (isRateLimit(answer) || isMissingMethod(answer)) {
    if (isRateLimit(answer)) server.health.failed("rate-limited");
    else server.health.lacks(method);
    server.health.refusal = (answer as { readonly error: string }).error;
    return { kind: "none", refusal: server.health.refusal, failure: undefined };
  }
  server.health.succeeded();
  return answer;
}
