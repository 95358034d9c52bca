/**
 * `peer <node>`: what is known about a node.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { showPeer } from "../net-answer.ts";

export default defineScript(({ our, args }) => {
  const name = args.trim();
  if (name === "") return "usage: peer <node>";
  return showPeer(name === "our" ? our.node : name);
});
