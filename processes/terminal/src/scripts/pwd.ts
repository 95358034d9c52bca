/**
 * `pwd`: the folder that relative paths start from.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";

export default defineScript(({ folder }) => folder);
