/**
 * What is tried with a node of another implementation. Source: spec/network-identity.md §8, points 101 to 104.
 * @module
 */
import type { InteropNode } from "./interop-node.ts";

export interface CheckResult {
  readonly kind: "held" | "failed" | "skipped";
  readonly why: string;
}

export interface Check {
  readonly point: string;
  readonly name: string;
  run(node: InteropNode, peer: string): Promise<CheckResult>;
}

export interface CheckOptions {
  /** A process over there that answers with the body it is sent. */
  readonly echo: string;
  /** Of N103. */
  readonly messages: number;
  /** How long a person has for what they are asked to type, in seconds. Default 60. */
  readonly patienceSeconds?: number;
}

const held: CheckResult = { kind: "held", why: "" };
const failed = (why: string): CheckResult => ({ kind: "failed", why });

async function attempt(run: () => Promise<CheckResult>): Promise<CheckResult> {
  try {
    return await run();
  } catch (error) {
    return failed((error as Error).message);
  }
}

function body(length: number, isAscii: boolean): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return isAscii ? bytes.map((byte) => 0x20 + (byte % 0x5f)) : bytes;
}

function echoes(
  point: string,
  name: string,
  echo: string,
  length: number,
  isAscii: boolean,
): Check {
  return {
    point,
    name,
    run: (node, peer) =>
      attempt(async () => {
        const sent = body(length, isAscii);
        const answer = await node.request(peer, echo, sent, 60);
        if (Buffer.compare(answer.body, sent) === 0) return held;
        return failed(`${answer.body.length} bytes came back, or others than the ${length} sent`);
      }),
  };
}

export function checks({ echo, messages, patienceSeconds = 60 }: CheckOptions): readonly Check[] {
  return [
    {
      point: "N101",
      name: "a hello of ours is acknowledged",
      run: (node, peer) =>
        attempt(async () => {
          const answer = await node.request(
            peer,
            "net:distro:sys",
            new TextEncoder().encode("hi"),
            10,
          );
          const text = new TextDecoder().decode(answer.body);
          return text === "ack" ? held : failed(`the answer is "${text}"`);
        }),
    },
    {
      point: "N101",
      name: `a hello of theirs arrives (type \`hi <our name> hello\` over there, within ${patienceSeconds} s)`,
      run: async (node, peer) => {
        const text = await node.hello(peer, patienceSeconds).catch(() => undefined);
        return text === undefined ? { kind: "skipped", why: "nobody typed it" } : held;
      },
    },
    echoes("N102", "10 MB of random ASCII, there and back", echo, 10_000_000, true),
    echoes("N102", "5 MB of random bytes, there and back", echo, 5_000_000, false),
    {
      point: "N103",
      name: `${messages} messages of 100 bytes keep order and count, over one connection`,
      run: (node, peer) =>
        attempt(async () => {
          const order: number[] = [];
          const window: Promise<unknown>[] = [];
          for (let number = 0; number < messages; number += 1) {
            const sent = new TextEncoder().encode(String(number).padEnd(100, "."));
            window.push(node.request(peer, echo, sent, 60).then(() => order.push(number)));
            if (window.length === 256) await Promise.all(window.splice(0));
          }
          await Promise.all(window);
          if (order.some((number, index) => number !== index))
            return failed("answers out of order");
          const { connectionCount } = node;
          return connectionCount === 1 ? held : failed(`${connectionCount} connections`);
        }),
    },
    {
      point: "N104",
      name: "app store and eth provider through each other",
      run: async () => ({
        kind: "skipped",
        why: "to be looked at by hand; see docs/guides/interop.md",
      }),
    },
  ];
}
