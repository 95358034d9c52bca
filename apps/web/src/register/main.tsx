/**
 * The pages of a node without identity: take a name on chain, import a keyfile, or unlock the one that is there.
 * Source: spec/network-identity.md §3.5, §4.4.
 * @module
 */
import type { RegistryConfig } from "@kinode-ts/kimap";
import { type ComponentChildren, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { bootApi, type Networking, type StoredName } from "./boot-api.ts";
import { claimName, MIN_OS_LABEL, nameFault } from "./claim-name.ts";
import { hashPassword } from "./password-hash.ts";
import { hasWallet, NO_WALLET, Wallet } from "./wallet.ts";

const MIN_PASSWORD_LENGTH = 6;
/** Wallets come into a page when it has been loaded, some a little later. */
const WALLET_WAIT_MS = 1_000;
const CHAIN_NAMES: Readonly<Record<number, string>> = { 8453: "Base (chain 8453)" };

/** A form that works on one thing at a time and says what became of it. */
function Work(props: {
  readonly title: string;
  readonly action: string;
  readonly run: (say: (text: string) => void) => Promise<void>;
  readonly children: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false);
  const [status, setStatus] = useState("");
  const [error, setError] = useState("");
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      await props.run(setStatus);
      setStatus("The node starts …");
      await bootApi.enter();
    } catch (thrown) {
      setStatus("");
      setError(thrown instanceof Error ? thrown.message : String(thrown));
      setBusy(false);
    }
  };
  return (
    <form
      class="card form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1>{props.title}</h1>
      <fieldset disabled={busy}>{props.children}</fieldset>
      <p role="status" class="message">
        {status}
      </p>
      <p role="alert" class="error">
        {error}
      </p>
      <div class="actions end">
        <button type="submit" class="primary" disabled={busy}>
          {props.action}
        </button>
      </div>
    </form>
  );
}

function Password(props: {
  readonly label: string;
  readonly set: (text: string) => void;
  readonly isNew?: boolean;
  readonly hint?: string;
}) {
  return (
    <>
      <label>
        {props.label}
        <input
          type="password"
          required
          minLength={props.isNew ? MIN_PASSWORD_LENGTH : 1}
          autocomplete={props.isNew ? "new-password" : "current-password"}
          aria-describedby={props.hint === undefined ? undefined : "password-hint"}
          onInput={(event) => props.set(event.currentTarget.value)}
        />
      </label>
      {props.hint !== undefined && (
        <small id="password-hint" class="quiet">
          {props.hint}
        </small>
      )}
    </>
  );
}

/** Says before a form is filled in that it cannot be sent from this browser. */
function WalletHint() {
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setMissing(!hasWallet()), WALLET_WAIT_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p role="status" class="message">
      {isMissing ? NO_WALLET : ""}
    </p>
  );
}

function portText(networking: Networking | undefined): string {
  const ports = Object.entries(networking?.ports ?? {});
  return ports.length === 0
    ? "without open ports"
    : ports.map(([protocol, port]) => `${protocol} port ${port}`).join(" and ");
}

function ClaimPage({
  config,
  isReset,
}: {
  readonly config: RegistryConfig;
  readonly isReset: boolean;
}) {
  const [name, setName] = useState("");
  const [direct, setDirect] = useState(false);
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [networking, setNetworking] = useState<Networking>();
  const [address, setAddress] = useState("");
  useEffect(() => {
    const show = (found: Networking) => {
      setNetworking(found);
      setAddress(found.ip);
    };
    // Without it the form still works; the claim asks again and says why it fails.
    bootApi.networking().then(show, () => {});
  }, []);
  const run = async (say: (text: string) => void) => {
    const fault = nameFault(name);
    if (fault !== "") throw new Error(fault);
    if (password !== again) throw new Error("The two passwords differ");
    say("Connect your wallet …");
    const wallet = await Wallet.connect(config);
    await claimName({
      wallet,
      config,
      name,
      address: direct ? address : undefined,
      password,
      say,
    });
  };
  return (
    <Work
      title={isReset ? "Lead a name of yours to this node" : "Take a name"}
      action={isReset ? "Reset and start" : "Take the name and start"}
      run={run}
    >
      <p class="quiet">
        {isReset
          ? "The registry gets the new key and address of the name. An older node with it can no longer be reached."
          : `The name is yours in the registry on ${CHAIN_NAMES[config.chainId] ?? `chain ${config.chainId}`}: nobody can take it back, and others find your node by it. It takes two transactions of your wallet.`}
      </p>
      <WalletHint />
      <label>
        Name
        <input
          required
          aria-describedby="name-hint"
          value={name}
          placeholder="my-own-node.os"
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setName(event.currentTarget.value.trim().toLowerCase())}
        />
      </label>
      <small id="name-hint" class="quiet">
        {`At least ${MIN_OS_LABEL} of a-z, 0-9 and -, then .os`}
      </small>
      <Password
        label="New password of the node"
        set={setPassword}
        isNew
        hint={`At least ${MIN_PASSWORD_LENGTH} characters. It opens the node's key at each start.`}
      />
      <Password label="The same password again" set={setAgain} isNew />
      <label class="check">
        <input type="checkbox" checked={direct} onChange={() => setDirect(!direct)} />
        <span>
          Others can reach this machine directly
          <small class="quiet">
            {direct
              ? `At the address below, ${portText(networking)}.`
              : `If not sure, leave it off: they come by routers (${networking?.routers.join(", ") ?? "…"}).`}
          </small>
        </span>
      </label>
      {direct && (
        <label>
          Address of this machine, as others see it
          <input
            required
            value={address}
            inputMode="decimal"
            autocomplete="off"
            onInput={(event) => setAddress(event.currentTarget.value.trim())}
          />
        </label>
      )}
    </Work>
  );
}

/** Base64 text as it was downloaded, or the bytes of `.keys` themselves. */
async function readKeyfile(
  file: File,
): Promise<{ readonly base64: string; readonly name: string }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const raw = bytes[0] === 0x5b ? bytes : decodeBase64(new TextDecoder().decode(bytes).trim());
  return { base64: btoa(String.fromCharCode(...raw)), name: nameIn(raw) };
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Error("This is no keyfile: it is neither base64 nor JSON");
  }
}

/** The name stands in the clear at the start: JSON, or (older) its length in eight bytes and its letters. */
function nameIn(bytes: Uint8Array): string {
  try {
    const fields: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (Array.isArray(fields) && typeof fields[0] === "string") return fields[0];
  } catch {
    const length =
      bytes.length < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (length > 0 && length <= bytes.length - 8) {
      return new TextDecoder().decode(bytes.subarray(8, 8 + length));
    }
  }
  throw new Error("This is no keyfile: it has no name in it");
}

function ImportPage() {
  const [file, setFile] = useState<File>();
  const [password, setPassword] = useState("");
  const run = async (say: (text: string) => void) => {
    if (file === undefined) throw new Error("Choose the keyfile first");
    const { base64, name } = await readKeyfile(file);
    say(`Unlocking ${name} …`);
    await bootApi.importKeyfile(base64, await hashPassword(password, name));
  };
  return (
    <Work title="Bring a node here" action="Import and start" run={run}>
      <p class="quiet">
        With its keyfile (name.keyfile, or the file .keys of its home folder) and its password. The
        old node must not run any more.
      </p>
      <label class="file">
        Keyfile
        <input type="file" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
      </label>
      <Password label="Password" set={setPassword} />
    </Work>
  );
}

function LoginPage({ stored }: { readonly stored: StoredName }) {
  const [password, setPassword] = useState("");
  const run = async (say: (text: string) => void) => {
    say("Unlocking …");
    await bootApi.login(await hashPassword(password, stored.name));
  };
  return (
    <Work title={`Start ${stored.name}`} action="Unlock and start" run={run}>
      <Password label="Password" set={setPassword} />
    </Work>
  );
}

const LINKS = [
  { path: "/login", name: "Log in" },
  { path: "/commit-os-name", name: "Take a name" },
  { path: "/reset", name: "Reset a name" },
  { path: "/import-keyfile", name: "Import" },
] as const;

function App() {
  const [config, setConfig] = useState<RegistryConfig>();
  const [stored, setStored] = useState<StoredName>();
  const [error, setError] = useState("");
  useEffect(() => {
    Promise.all([bootApi.config(), bootApi.info()]).then(
      ([found, info]) => {
        setStored(info);
        setConfig(found);
      },
      (thrown: unknown) => setError(String(thrown)),
    );
  }, []);
  if (config === undefined) return <p role="status">{error || "…"}</p>;
  const { pathname } = location;
  const first = stored === undefined ? "/commit-os-name" : "/login";
  const isHere = LINKS.some(({ path }) => path === pathname);
  // Nobody can log in to a node that is not there yet.
  const page = isHere && !(pathname === "/login" && stored === undefined) ? pathname : first;
  document.title = `${LINKS.find(({ path }) => path === page)?.name ?? "Start"} – Kinode`;
  return (
    <>
      <header>
        <p class="node">Kinode</p>
        <nav aria-label="Pages">
          {LINKS.filter(({ path }) => path !== "/login" || stored !== undefined).map(
            ({ path, name }) => (
              <a key={path} href={path} aria-current={path === page ? "page" : undefined}>
                {name}
              </a>
            ),
          )}
        </nav>
      </header>
      <main id="main" class="narrow">
        {page === "/import-keyfile" ? (
          <ImportPage />
        ) : page === "/login" && stored !== undefined ? (
          <LoginPage stored={stored} />
        ) : (
          <ClaimPage config={config} isReset={page === "/reset"} />
        )}
      </main>
    </>
  );
}

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
