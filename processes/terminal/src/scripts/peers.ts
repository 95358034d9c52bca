/**
 * `peers`: every node with an open connection.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { showPeers } from "../net-answer.ts";

export default defineScript(() => showPeers());
