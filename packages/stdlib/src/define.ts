/**
 * The shapes a program can have: a process, a script for the terminal, a widget for the home page.
 * Source: spec/packages-and-tools.md §25.1.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import { Address } from "./address.ts";
import { dispatcher, host } from "./current.ts";
import { currentHost, hasHost } from "./host.ts";
import { addToHomepage } from "./homepage-wire.ts";
import { inlineBody, runInline } from "./inline.ts";
import { receive } from "./send.ts";

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
  const init = async (our: string): Promise<void> => {
    dispatcher(); // from here on it follows every message, those of the engine's timers too
    const address = Address.parse(our);
    const child = inlineBody(address);
    await (child === undefined ? body(address) : runInline(child, address));
    await dispatcher().drained();
  };
  if (hasHost()) currentHost().main(init);
  return { init };
}

export interface ScriptInput {
  readonly our: Address;
  /** Everything after the name of the script, as typed. */
  readonly args: string;
  /** What was piped in; empty when nothing was. */
  readonly stdin: string;
}

/** Returns the text to answer with or to print. */
export type ScriptBody = (input: ScriptInput) => Promise<string | void> | string | void;

/**
 * Declares a one-shot script: it waits for one request, runs with its body as arguments, and answers with the text, or
 * prints it when nobody waits and it is not empty. What it throws is shown as a line.
 */
export function defineScript(body: ScriptBody): ProcessDefinition {
  return defineProcess(async (our) => {
    let message = await receive();
    while (message.kind !== "request") message = await receive();
    let text: string;
    try {
      text = (await body({ our, args: message.text(), stdin: "" })) ?? "";
    } catch (thrown) {
      text = `error: ${errorText(thrown)}`;
    }
    if (message.prompts === "yes") message.respond(text);
    else if (text !== "") host().printToTerminal(0, text);
  });
}

export interface WidgetOptions {
  readonly label: string;
  /** A whole HTML document; it is shown in a frame. */
  readonly html: string;
}

/** Declares a program that puts a widget on the home page and ends. */
export function defineWidget(options: WidgetOptions): ProcessDefinition {
  return defineProcess(() => addToHomepage({ label: options.label, widget: options.html }));
}
