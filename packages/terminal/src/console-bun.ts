/**
 * Connects a terminal to the console of this program.
 * @module
 */
import { emitKeypressEvents } from "node:readline";
import { type Screen, Terminal, type TerminalOptions } from "./terminal.ts";

/** A console that does not read: above this many unwritten bytes, output is dropped rather than kept. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;
const PASTE_ON = "\u001b[?2004h";
const PASTE_OFF = "\u001b[?2004l";

interface KeypressKey {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly sequence?: string;
}

/** The console's output as a screen. */
export function consoleScreen(): Screen {
  return {
    write(text) {
      if (process.stdout.writableLength < MAX_UNWRITTEN_BYTES) process.stdout.write(text);
    },
    columns: () => process.stdout.columns || 80,
    width: (text) => Bun.stringWidth(text),
  };
}

/** Starts reading keys. Returns the terminal and the way to give the console back. */
export function openConsole(options: Omit<TerminalOptions, "screen">): {
  readonly terminal: Terminal;
  close(): void;
} {
  const terminal = new Terminal({ ...options, screen: consoleScreen() });
  let pasted: string | undefined;
  // What was typed before the console was ours has line feeds where Enter was pressed; only one that comes alone is Ctrl+J.
  let isAlone = true;
  const onData = (data: { readonly length: number }): void => {
    isAlone = data.length === 1;
  };
  const onKey = (text: string | undefined, key: KeypressKey): void => {
    if (key.name === "paste-start") pasted = "";
    else if (key.name === "paste-end") {
      terminal.paste(pasted ?? "");
      pasted = undefined;
    } else if (pasted !== undefined) pasted += key.sequence ?? text ?? "";
    else if (key.meta !== true) {
      const name = key.name === "enter" && !isAlone ? "return" : key.name;
      terminal.key({ name, ctrl: key.ctrl === true, text: text ?? "" });
    }
  };
  const onResize = (): void => terminal.redraw();
  process.stdin.on("data", onData);
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode?.(true);
  process.stdin.on("keypress", onKey);
  process.stdin.resume();
  process.stdout.on("resize", onResize);
  process.stdout.write(PASTE_ON);
  terminal.redraw();
  return {
    terminal,
    close() {
      process.stdin.off("keypress", onKey);
      process.stdin.off("data", onData);
      process.stdout.off("resize", onResize);
      terminal.close();
      process.stdout.write(PASTE_OFF);
      process.stdin.setRawMode?.(false);
      process.stdin.pause();
    },
  };
}
