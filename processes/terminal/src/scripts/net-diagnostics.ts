/**
 * `net-diagnostics`: the state of the network part.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { showDiagnostics } from "../net-answer.ts";

export default defineScript(() => showDiagnostics());
