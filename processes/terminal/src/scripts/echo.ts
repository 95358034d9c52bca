/**
 * `echo <text>`: says it again.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib";

export default defineScript(({ args }) => (args === "" ? "usage: echo <text>" : args));
