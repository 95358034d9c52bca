/**
 * `peers`: every node with an open connection.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { askNet } from "../net-answer.ts";

export default defineScript(() => askNet("GetPeers"));
