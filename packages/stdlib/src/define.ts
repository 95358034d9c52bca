/**
 * The shapes a program can have: a process, or a widget for the home page; scripts are in `scripting/`.
 * Source: spec/packages-and-tools.md §25.1.
 * @module
 */
import { Address } from "./address.ts";
import { dispatcher } from "./current.ts";
import { runEndTasks } from "./end-tasks.ts";
import { currentHost, hasHost } from "./host.ts";
import { addToHomepage } from "./homepage-wire.ts";
import { inlineBody, runInline } from "./inline.ts";

/** What `defineProcess` returns: the entry point, for tests to call. */
export interface ProcessDefinition {
  readonly init: (our: string) => Promise<void>;
}

/** The body of a process; the process ends when it settles. */
export type ProcessBody = (our: Address) => Promise<void> | void;

/**
 * Declares the process of this bundle. Inside a process the body is registered with the host; elsewhere (in a
 * test) nothing runs until `init` is called.
 */
export function defineProcess(body: ProcessBody): ProcessDefinition {
  if (typeof body !== "function") {
    throw new TypeError(
      `defineProcess takes a function here; that for objects is in "@kinode-ts/stdlib/app"`,
    );
  }
  const init = async (our: string): Promise<void> => {
    dispatcher(); // from here on it follows every message, those of the engine's timers too
    const address = Address.parse(our);
    const child = inlineBody(address);
    try {
      await (child === undefined ? body(address) : runInline(child, address));
    } finally {
      await runEndTasks();
    }
    await dispatcher().drained();
  };
  if (hasHost()) currentHost().main(init);
  return { init };
}

/** A widget of the home page. */
export interface WidgetOptions {
  readonly label: string;
  /** A whole HTML document; it is shown in a frame. */
  readonly html: string;
}

/** Declares a program that puts a widget on the home page and ends. */
export function defineWidget(options: WidgetOptions): ProcessDefinition {
  return defineProcess(() => addToHomepage({ label: options.label, widget: options.html }));
}
