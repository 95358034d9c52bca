/**
 * `hfetch`: another name of `kfetch`, that of the reference's successor.
 * @module
 */
export { default } from "./kfetch.ts";
