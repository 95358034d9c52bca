/**
 * The terminal emulator, loaded when its page is opened.
 * @module
 */
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { type ITheme, Terminal } from "@xterm/xterm";
import { createStyledDocument, withStyledDocument } from "./constructed-styles.ts";
import { type LinkState, TerminalLink } from "./terminal-link.ts";

export interface TerminalView {
  /** As if the keys were pressed. */
  press(keys: string): void;
  setScreenReader(on: boolean): void;
  close(): void;
}

const SCROLLBACK_ROWS = 5_000;
const FONT = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const DARK: ITheme = {
  background: "#16171a",
  foreground: "#ecebe6",
  cursor: "#7fb0ff",
  cursorAccent: "#16171a",
  selectionBackground: "#44577a",
};
const LIGHT: ITheme = {
  background: "#ffffff",
  foreground: "#1d1e22",
  cursor: "#1f5fbf",
  cursorAccent: "#ffffff",
  selectionBackground: "#bcd3f5",
};

/** What a clipboard holds cannot end the paste and go on as keys. */
function bracketed(text: string): string {
  return `\u001b[200~${text.replaceAll("\u001b", "")}\u001b[201~`;
}

/** Opens a terminal in an element that has a size. */
export function openTerminalView(
  place: HTMLElement,
  onState: (state: LinkState) => void,
): TerminalView {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const theme = (): ITheme => (dark.matches ? DARK : LIGHT);
  const terminal = new Terminal({
    allowProposedApi: true,
    documentOverride: createStyledDocument(),
    fontFamily: FONT,
    fontSize: narrow.matches ? 12 : 14,
    // Also for what a process colours so that it could not be read.
    minimumContrastRatio: 4.5,
    scrollback: SCROLLBACK_ROWS,
    theme: theme(),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  withStyledDocument(() => terminal.open(place));
  fit.fit();

  const link = new TerminalLink({
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    draw: (text, drawn) => terminal.write(text, drawn),
    restart: () => terminal.reset(),
    changed: onState,
  });
  terminal.onData((keys) => link.send({ keys }));
  terminal.onResize(({ cols: columns, rows }) => link.send({ columns, rows }));
  // Tab completes; Shift+Tab leaves the terminal, so that the keyboard is not caught in it.
  terminal.attachCustomKeyEventHandler(({ key, shiftKey }) => !(key === "Tab" && shiftKey));

  const stop = new AbortController();
  const { signal } = stop;
  const paste = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    link.send({ keys: bracketed(event.clipboardData?.getData("text/plain") ?? "") });
  };
  place.addEventListener("paste", paste, { capture: true, signal });
  dark.addEventListener("change", () => (terminal.options.theme = theme()), { signal });
  document.addEventListener("visibilitychange", () => link.retry(), { signal });
  addEventListener("online", () => link.retry(), { signal });
  const sizes = new ResizeObserver(() => fit.fit());
  sizes.observe(place);
  terminal.focus();
  return {
    press(keys) {
      link.send({ keys });
      terminal.focus();
    },
    setScreenReader: (on) => (terminal.options.screenReaderMode = on),
    close() {
      stop.abort();
      sizes.disconnect();
      link.close();
      terminal.dispose();
    },
  };
}
