/**
 * Client of the home page.
 * @module
 */
import { addToHomepage, removeFromHomepage } from "./homepage-wire.ts";

export type { HomepageEntry } from "./homepage-wire.ts";

/** `add` sets or replaces the entry of this process, `remove` takes it away. */
export const homepage = { add: addToHomepage, remove: removeFromHomepage } as const;
