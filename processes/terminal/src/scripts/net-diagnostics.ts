/**
 * `net-diagnostics`: the state of the network part.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { askNet } from "../net-answer.ts";

export default defineScript(() => askNet("GetDiagnostics"));
