/**
 * Messages to the home page.
 * Source: spec/packages-and-tools.md §14.1.
 * @module
 */
import { json } from "./body.ts";
import { send } from "./send.ts";

const HOMEPAGE = "our@homepage:homepage:sys";

/** An entry of the home page: an icon that opens a path, a widget, or both. Source: spec/packages-and-tools.md §14.1, §25.7. */
export interface HomepageEntry {
  readonly label: string;
  /** A data URL. */
  readonly icon?: string | undefined;
  /** Path below this process that opens the app, normally `/`. */
  readonly path?: string | undefined;
  /** HTML. */
  readonly widget?: string | undefined;
}

export async function addToHomepage(entry: HomepageEntry): Promise<void> {
  const { label, icon = null, path = null, widget = null } = entry;
  await send(HOMEPAGE, { Add: { label, icon, path, widget } });
}

export async function removeFromHomepage(): Promise<void> {
  await send(HOMEPAGE, json("Remove"));
}
