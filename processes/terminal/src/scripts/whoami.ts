/**
 * `whoami`: the name of this node.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib/scripting";

export default defineScript(({ our }) => our.node);
