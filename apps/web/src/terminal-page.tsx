import { useEffect, useRef, useState } from "preact/hooks";
import type { LinkState } from "./terminal-link.ts";
import type { TerminalView } from "./terminal-view.ts";

/** Keys that a phone does not have, or that a browser keeps for itself. */
const KEYS = [
  { name: "Tab", title: "Complete the word", keys: "\t" },
  { name: "↑", title: "Older line", keys: "\u001b[A" },
  { name: "↓", title: "Newer line", keys: "\u001b[B" },
  { name: "Ctrl+C", title: "End the running command", keys: "\u0003" },
  { name: "Search", title: "Search the history (Ctrl+R)", keys: "\u0012" },
  { name: "Verbosity", title: "Show more or less (Ctrl+V)", keys: "\u0016" },
  { name: "Levels", title: "Verbosity of single processes (Ctrl+W)", keys: "\u0017" },
] as const;

const STATE_TEXT: Record<LinkState, string> = {
  connecting: "Connecting…",
  open: "",
  lost: "The connection is lost. Trying again…",
  closed: "",
};

/** The node's terminal: lines of all processes, and one input line of its own. */
export function TerminalPage() {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<TerminalView>(undefined);
  const [state, setState] = useState<LinkState>("connecting");
  const [error, setError] = useState("");
  const [forReader, setForReader] = useState(false);
  useEffect(() => {
    let isGone = false;
    // The emulator is larger than all other pages together.
    import("./terminal-view.ts").then(
      ({ openTerminalView }) => {
        if (isGone || place.current === null) return;
        view.current = openTerminalView(place.current, setState);
      },
      () => setError("The terminal could not be loaded. Load the page again."),
    );
    return () => {
      isGone = true;
      view.current?.close();
    };
  }, []);
  return (
    <div class="terminal-page">
      <h1 class="sr">Terminal</h1>
      <div class="keys" role="toolbar" aria-label="Keys">
        {KEYS.map(({ name, title, keys }) => (
          <button key={name} type="button" title={title} onClick={() => view.current?.press(keys)}>
            {name}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={forReader}
          title="Let a screen reader follow what is printed"
          onClick={() => {
            view.current?.setScreenReader(!forReader);
            setForReader(!forReader);
          }}
        >
          Screen reader
        </button>
      </div>
      <p role="status" class="message">
        {error || STATE_TEXT[state]}
      </p>
      <div class="terminal-place" ref={place} />
      <p class="quiet hint">
        Tab completes, Shift+Tab leaves the terminal, Ctrl+C ends a running command. Paste with
        Ctrl+Shift+V. The node goes on when you close this page.
      </p>
    </div>
  );
}
