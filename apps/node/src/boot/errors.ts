/**
 * What can go wrong with the program itself: its home folder, its flags, its identity, talking to a running node.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type NodeFault =
  | { code: "node.home-unusable"; home: string }
  | { code: "node.already-running"; home: string; pid: number }
  | { code: "node.port-taken"; port: number }
  | { code: "node.no-free-port" }
  | { code: "node.bad-flag"; flag: string; value: string }
  | { code: "node.tls"; path: string }
  | { code: "node.identity"; reason: string }
  | { code: "node.not-running"; home: string }
  | { code: "node.unreachable"; url: string }
  | { code: "node.answer"; status: number; reason: string }
  | { code: "node.tests-file"; file: string; problems: readonly string[] }
  | { code: "node.test-run"; reason: string }
  | { code: "node.usage"; reason: string };

/** A fault of the program, worded for the person who started it. */
export class NodeError extends KinodeError<NodeFault> {
  override name = "NodeError";
}
