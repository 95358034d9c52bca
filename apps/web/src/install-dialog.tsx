import type { ControlInspection } from "@kinode-ts/types";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api.ts";

type Capability = ControlInspection["capabilities"][number];
const keyOf = (c: Capability) => `${c.holder} ${c.issuer} ${c.params}`;

/** Choose a package, read in plain words what it asks for, refuse what you like, install. */
export function InstallDialog(props: { onClose: () => void; onInstalled: (name: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [inspection, setInspection] = useState<ControlInspection>();
  const [denied, setDenied] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  // What had the focus is gone: a screen reader goes on at what is new.
  useEffect(() => {
    if (inspection !== undefined) heading.current?.focus();
  }, [inspection]);

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError("");
    try {
      await work();
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : String(thrown));
    }
    setBusy(false);
  };
  const choose = (file: File | undefined) =>
    file && attempt(async () => setInspection(await api.inspect(file)));
  const install = (chosen: ControlInspection) =>
    attempt(async () => {
      const refused = chosen.capabilities.filter((c) => denied.has(keyOf(c)));
      await api.install(
        chosen.hash,
        refused.map(({ holder, issuer, params }) => ({ holder, issuer, params })),
      );
      // Gives the focus back to what has opened it.
      dialog.current?.close();
      props.onInstalled(chosen.name);
    });
  const toggle = (key: string) => {
    const next = new Set(denied);
    if (!next.delete(key)) next.add(key);
    setDenied(next);
  };

  return (
    <dialog ref={dialog} onClose={props.onClose} aria-labelledby="install-title">
      <h2 id="install-title" ref={heading} tabIndex={-1}>
        {inspection === undefined ? "Install an app" : `Install ${inspection.name}?`}
      </h2>
      {inspection === undefined ? (
        <label class="file">
          Package file (.zip)
          <input
            type="file"
            accept=".zip,application/zip"
            disabled={busy}
            onChange={(event) => void choose(event.currentTarget.files?.[0])}
          />
        </label>
      ) : (
        <Details inspection={inspection} denied={denied} onToggle={toggle} />
      )}
      <p role="alert" class="error">
        {error}
      </p>
      <div class="actions end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        {inspection !== undefined && (
          <button
            type="button"
            class="primary"
            disabled={busy || inspection.problems.length > 0}
            onClick={() => void install(inspection)}
          >
            {busy ? "Installing…" : inspection.installedVersion === null ? "Install" : "Update"}
          </button>
        )}
      </div>
    </dialog>
  );
}

function Details(props: {
  inspection: ControlInspection;
  denied: ReadonlySet<string>;
  onToggle: (key: string) => void;
}) {
  const { inspection } = props;
  return (
    <>
      <p class="quiet">
        {inspection.id} · version {inspection.version}
        {inspection.installedVersion !== null && ` (now ${inspection.installedVersion})`}
      </p>
      {inspection.description !== "" && <p>{inspection.description}</p>}
      {inspection.problems.map((problem) => (
        <p key={problem} class="error">
          {problem}
        </p>
      ))}
      <fieldset>
        <legend>It asks to</legend>
        {inspection.capabilities.map((capability) => {
          const key = keyOf(capability);
          return (
            <label key={key} class="check">
              <input
                type="checkbox"
                checked={!props.denied.has(key)}
                onChange={() => props.onToggle(key)}
              />
              <span>
                {capability.description} <Risk risk={capability.risk} />
                <small class="quiet">{capability.holder.split(":")[0]}</small>
              </span>
            </label>
          );
        })}
        {inspection.capabilities.length === 0 && <p class="quiet">nothing</p>}
      </fieldset>
    </>
  );
}

/** Says in one word when a permission is more than usual. */
export function Risk({ risk }: { risk: Capability["risk"] }) {
  if (risk === "usual") return null;
  return (
    <strong class={`risk ${risk}`}>{risk === "powerful" ? "powerful" : "full control"}</strong>
  );
}
