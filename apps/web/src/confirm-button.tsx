import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** What a screen reader goes on with when the thing that had the focus is gone. */
function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** A button that asks once more, keeps the focus where it belongs, and can be left with Escape. */
export function ConfirmButton(props: {
  /** On the button at first. */
  readonly text: string;
  readonly label?: string;
  /** On the one that does it. */
  readonly confirmText: string;
  readonly confirmLabel?: string;
  readonly keepLabel?: string;
  readonly onConfirm: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  // At once: a focus that comes late would be lost with what it goes to.
  useLayoutEffect(() => {
    if (asking) keep.current?.focus();
    else if (wasAsking.current) first.current?.focus();
    wasAsking.current = asking;
  }, [asking]);
  if (!asking) {
    return (
      <button ref={first} type="button" aria-label={props.label} onClick={() => setAsking(true)}>
        {props.text}
      </button>
    );
  }
  const leave = (event: KeyboardEvent) => {
    if (event.key === "Escape") setAsking(false);
  };
  return (
    <>
      <button
        type="button"
        class="danger"
        aria-label={props.confirmLabel}
        onKeyDown={leave}
        onClick={() => {
          wasAsking.current = false;
          setAsking(false);
          focusMain();
          props.onConfirm();
        }}
      >
        {props.confirmText}
      </button>
      <button
        ref={keep}
        type="button"
        aria-label={props.keepLabel}
        onKeyDown={leave}
        onClick={() => setAsking(false)}
      >
        Keep
      </button>
    </>
  );
}
