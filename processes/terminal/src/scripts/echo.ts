/**
 * `echo <text>`: says it again.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";

export default defineScript(({ args }) => (args === "" ? "usage: echo <text>" : args));
