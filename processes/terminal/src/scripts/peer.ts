/**
 * `peer <node>`: what is known about a node.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { askNet } from "../net-answer.ts";

export default defineScript(({ args }) =>
  args.trim() === "" ? "usage: peer <node>" : askNet("GetPeers"),
);
