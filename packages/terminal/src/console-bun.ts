/**
 * Connects a terminal to the console of this program.
 * @module
 */
import { KeyReader } from "./key-reader.ts";
import { type Screen, Terminal, type TerminalOptions } from "./terminal.ts";

/** A console that does not read: above this many unwritten bytes, printed lines are counted instead of shown. */
const FULL_BYTES = 1024 * 1024;
/** Above this many, nothing at all is written. */
const MAX_UNWRITTEN_BYTES = 2 * FULL_BYTES;
const PASTE_ON = "\u001b[?2004h";
const PASTE_OFF = "\u001b[?2004l";

/** The console's output as a screen. */
export function consoleScreen(color: boolean): Screen {
  return {
    write(text) {
      if (process.stdout.writableLength < MAX_UNWRITTEN_BYTES) process.stdout.write(text);
    },
    columns: () => process.stdout.columns || 80,
    rows: () => process.stdout.rows || 24,
    width: (text) => Bun.stringWidth(text),
    color,
    isFull: () => process.stdout.writableLength > FULL_BYTES,
  };
}

/** Starts reading keys. Returns the terminal and the way to give the console back. */
export function openConsole(options: TerminalOptions): {
  readonly terminal: Terminal;
  close(): void;
} {
  const terminal = new Terminal(options);
  const keys = new KeyReader({
    key: (key) => terminal.key(key),
    paste: (text) => terminal.paste(text),
  });
  const decoder = new TextDecoder();
  const onData = (data: Uint8Array): void => keys.read(decoder.decode(data, { stream: true }));
  const onResize = (): void => terminal.redraw();
  const onDrain = (): void => terminal.drained();
  process.stdin.setRawMode?.(true);
  process.stdin.on("data", onData);
  process.stdin.resume();
  process.stdout.on("resize", onResize);
  process.stdout.on("drain", onDrain);
  process.stdout.write(PASTE_ON);
  terminal.redraw();
  return {
    terminal,
    close() {
      process.stdin.off("data", onData);
      process.stdout.off("resize", onResize);
      process.stdout.off("drain", onDrain);
      terminal.close();
      process.stdout.write(PASTE_OFF);
      process.stdin.setRawMode?.(false);
      process.stdin.pause();
    },
  };
}
