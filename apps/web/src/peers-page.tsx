import type { ControlInvitation, ControlNearby, ControlPeer, ControlPeers } from "@kinode-ts/types";
import { useEffect, useState } from "preact/hooks";
import { api } from "./api.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { Loading } from "./loading.tsx";
import { reasonOf, useNotice } from "./notice.tsx";
import { QrCode } from "./qr-code.tsx";
import { useData } from "./use-data.ts";

/** Connections come and go without an event. */
const RELOAD_MS = 5_000;
const LIVES = [
  { seconds: 3_600, name: "an hour" },
  { seconds: 86_400, name: "a day" },
  { seconds: 604_800, name: "a week" },
] as const;

type Attempt = (done: string, work: () => Promise<unknown>) => Promise<void>;

function seen({ isConnected, lastSeenMs }: ControlPeer): string {
  if (isConnected) return "connected";
  const minutes = Math.max(0, Math.floor((Date.now() - lastSeenMs) / 60_000));
  if (minutes < 60) return `seen ${minutes} min ago`;
  if (minutes < 2_880) return `seen ${Math.floor(minutes / 60)} h ago`;
  return `seen ${Math.floor(minutes / 1_440)} days ago`;
}

function note({ origin, by, isOurRouter }: ControlPeer): string {
  if (isOurRouter) return " · our router";
  if (origin === "guest") return ` · guest of ${by ?? "?"}`;
  return origin === "router" ? ` · router of ${by ?? "?"}` : "";
}

/** Nodes this one knows, and the ways to know one more. */
export function PeersPage() {
  const peers = useData(api.peers);
  const { notice, say, fail } = useNotice();
  useEffect(() => {
    const timer = setInterval(peers.reload, RELOAD_MS);
    return () => clearInterval(timer);
  }, [peers.reload]);
  const attempt: Attempt = async (done, work) => {
    try {
      await work();
      say(done);
    } catch (thrown) {
      fail(thrown);
    }
    peers.reload();
  };
  return (
    <>
      <h1>Peers</h1>
      {notice}
      <Loading data={peers} />
      {peers.value !== undefined && (
        <>
          <Ourselves {...peers.value.our} />
          <PeerList peers={peers.value.peers} attempt={attempt} />
          <Invite attempt={attempt} />
          <Join
            onJoined={() => {
              say("The two nodes know each other now.");
              peers.reload();
            }}
          />
          <Nearby nearby={peers.value.nearby} attempt={attempt} />
        </>
      )}
    </>
  );
}

function Ourselves({ name, fingerprint, addresses, routers }: ControlPeers["our"]) {
  const at = addresses.length === 0 ? "nobody can dial it" : addresses.join(", ");
  return (
    <section class="card" aria-label="This node">
      <h2>{name}</h2>
      <p class="quiet wrap">
        {routers.length > 0 ? `Reached through ${routers.join(", ")}` : `Reached at ${at}`}
      </p>
      <p class="quiet wrap">
        Key <code>{fingerprint}</code>
      </p>
    </section>
  );
}

function PeerList({ peers, attempt }: { peers: readonly ControlPeer[]; attempt: Attempt }) {
  if (peers.length === 0) return <p class="quiet">No other node is known yet. Invite one.</p>;
  return (
    <ul class="cards" aria-label="Known nodes">
      {peers.map((peer) => (
        <PeerCard key={peer.name} peer={peer} attempt={attempt} />
      ))}
    </ul>
  );
}

function PeerCard({ peer, attempt }: { peer: ControlPeer; attempt: Attempt }) {
  const { name, isOurRouter } = peer;
  const remove = () => void attempt(`${name} is not known any more.`, () => api.removePeer(name));
  const route = () =>
    void attempt(
      isOurRouter
        ? `${name} is no router of this node any more.`
        : `${name} is a router of this node.`,
      () => api.changeRouter(name, isOurRouter ? "remove" : "add"),
    );
  return (
    <li class="card">
      <h2>
        <span class={`dot ${peer.isConnected ? "good" : ""}`} aria-hidden="true" /> {name}
      </h2>
      <p class="quiet">
        {seen(peer)} · {peer.route}
        {note(peer)}
      </p>
      <p class="quiet wrap">
        <code>{peer.fingerprint}</code>
      </p>
      <div class="actions">
        {(peer.mayRoute || isOurRouter) && (
          <button
            type="button"
            aria-label={`${isOurRouter ? "Stop using" : "Use"} ${name} as router`}
            onClick={route}
          >
            {isOurRouter ? "Stop using as router" : "Use as router"}
          </button>
        )}
        <ConfirmButton
          text="Remove…"
          label={`Remove ${name}`}
          confirmText="Remove"
          confirmLabel={`Really remove ${name}`}
          keepLabel={`Keep ${name}`}
          onConfirm={remove}
        />
      </div>
    </li>
  );
}

function Invite({ attempt }: { attempt: Attempt }) {
  const [life, setLife] = useState<number>(LIVES[1].seconds);
  const [made, setMade] = useState<ControlInvitation>();
  const make = () =>
    void attempt("The invitation is made.", async () =>
      setMade(await api.invite({ expiresSeconds: life })),
    );
  const copy = (text: string) =>
    void attempt("The invitation is copied.", async () => {
      // Browsers let pages copy on this machine or over https only.
      const clipboard = navigator.clipboard as Clipboard | undefined;
      if (clipboard === undefined) throw new Error("Select the text and copy it yourself.");
      await clipboard.writeText(text);
    });
  return (
    <section class="card" aria-label="Invite a node">
      <h2>Invite a node</h2>
      <p class="quiet">
        One node comes in on an invitation. Give it only to the person you mean: whoever has it
        first comes in.
      </p>
      <div class="actions">
        <label>
          Good for{" "}
          <select onChange={(event) => setLife(Number(event.currentTarget.value))}>
            {LIVES.map(({ seconds, name }) => (
              <option key={seconds} value={seconds} selected={seconds === life}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" onClick={make}>
          Make an invitation
        </button>
      </div>
      {made !== undefined && (
        <>
          <textarea
            readOnly
            rows={4}
            aria-label="The invitation"
            value={made.text}
            onFocus={(event) => event.currentTarget.select()}
          />
          <div class="actions">
            <button type="button" onClick={() => copy(made.text)}>
              Copy
            </button>
          </div>
          <QrCode text={made.text.toUpperCase()} label="The invitation as a QR code" />
          <p class="quiet">Good until {new Date(made.expiresMs).toLocaleString()}.</p>
        </>
      )}
    </section>
  );
}

function Join({ onJoined }: { onJoined: () => void }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const join = async () => {
    setBusy(true);
    setError("");
    try {
      await api.join(text);
      setText("");
      onJoined();
    } catch (thrown) {
      // Beside what was pasted: it may be far from everything else.
      setError(reasonOf(thrown));
    }
    setBusy(false);
  };
  return (
    <section class="card" aria-label="Join by invitation">
      <h2>Join by invitation</h2>
      <p class="quiet">Paste the invitation that another node's owner has given you.</p>
      <textarea
        rows={4}
        aria-label="An invitation to paste"
        aria-invalid={error !== ""}
        aria-describedby="join-error"
        placeholder="kinode1…"
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p id="join-error" role="alert" class="error">
        {error}
      </p>
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={busy || text.trim() === ""}
          onClick={() => void join()}
        >
          {busy ? "Calling…" : "Join"}
        </button>
      </div>
    </section>
  );
}

function Nearby({ nearby, attempt }: { nearby: readonly ControlNearby[]; attempt: Attempt }) {
  if (nearby.length === 0) return null;
  return (
    <section class="card" aria-label="Nearby">
      <h2>Nearby, not trusted</h2>
      <p class="quiet">Compare the key with the one the other person sees before you accept.</p>
      <ul class="grants">
        {nearby.map(({ name, fingerprint, address, isImpostor }) => (
          <li key={fingerprint}>
            <p class="wrap">
              {name} <span class="quiet">from {address}</span>
            </p>
            <p class="quiet wrap">
              <code>{fingerprint}</code>
            </p>
            {isImpostor ? (
              <p class="error">Not the node you know by this name: it has another key.</p>
            ) : (
              <button
                type="button"
                aria-label={`Accept ${name}`}
                onClick={() =>
                  void attempt(`${name} is known now.`, () => api.acceptPeer(fingerprint))
                }
              >
                Accept
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
