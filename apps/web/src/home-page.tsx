import type { ControlApp } from "@kinode-ts/types";
import { useState } from "preact/hooks";
import { api } from "./api.ts";
import { InstallDialog } from "./install-dialog.tsx";
import { useData } from "./use-data.ts";

/** Apps have an origin of their own: the same host, another port. */
function addressOf(path: string, appsPort: number | undefined): string {
  if (appsPort === undefined) return path;
  return `${location.protocol}//${location.hostname}:${appsPort}${path}`;
}

const STATE_CLASS: Record<ControlApp["state"], string> = {
  running: "good",
  "partly running": "warn",
  stopped: "bad",
  "update waits for approval": "warn",
};

/** Installed apps and their state, and the way to install one more. */
export function HomePage() {
  const apps = useData(api.apps);
  const node = useData(api.node);
  const [installing, setInstalling] = useState(false);
  const [message, setMessage] = useState("");
  return (
    <>
      <div class="title-row">
        <h1>Apps</h1>
        <button type="button" class="primary" onClick={() => setInstalling(true)}>
          Install an app
        </button>
      </div>
      <p role="status" class="message">
        {apps.error ?? message}
      </p>
      {apps.value === undefined ? (
        <p class="quiet">Loading…</p>
      ) : (
        <ul class="cards">
          {apps.value.map((app) => (
            <AppCard
              key={app.id}
              app={app}
              appsPort={node.value?.appsPort}
              onMessage={setMessage}
              onChanged={apps.reload}
            />
          ))}
        </ul>
      )}
      {installing && (
        <InstallDialog
          onClose={() => setInstalling(false)}
          onInstalled={(name) => {
            setInstalling(false);
            setMessage(`${name} is installed.`);
            apps.reload();
          }}
        />
      )}
    </>
  );
}

function AppCard(props: {
  app: ControlApp;
  appsPort: number | undefined;
  onMessage: (text: string) => void;
  onChanged: () => void;
}) {
  const { app } = props;
  const address = app.path === null ? undefined : addressOf(app.path, props.appsPort);
  const [confirming, setConfirming] = useState(false);
  const uninstall = async () => {
    try {
      await api.uninstall(app.id, false);
      props.onMessage(`${app.name} is uninstalled. Its files and saved data are kept.`);
    } catch (thrown) {
      props.onMessage(thrown instanceof Error ? thrown.message : String(thrown));
    }
    setConfirming(false);
    props.onChanged();
  };
  return (
    <li class="card" data-app={app.id}>
      <div class="card-head">
        <AppIcon app={app} />
        <div class="grow">
          <h2>{address === undefined ? app.name : <a href={address}>{app.name}</a>}</h2>
          <p class="quiet">
            <span class={`dot ${STATE_CLASS[app.state]}`} aria-hidden="true" /> {app.state}
            {app.version !== "" && ` · ${app.version}`}
            {app.bundled && " · part of the system"}
          </p>
        </div>
      </div>
      {app.description !== "" && <p>{app.description}</p>}
      <div class="actions">
        {address !== undefined && (
          <a class="button primary" href={address}>
            Open
          </a>
        )}
        <a class="button" href={`#/permissions/${app.id}`}>
          Permissions{app.withdrawnCount > 0 && ` (${app.withdrawnCount} off)`}
        </a>
        {!app.bundled &&
          (confirming ? (
            <>
              <button type="button" class="danger" onClick={() => void uninstall()}>
                Really uninstall
              </button>
              <button type="button" onClick={() => setConfirming(false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" onClick={() => setConfirming(true)}>
              Uninstall
            </button>
          ))}
      </div>
    </li>
  );
}

function AppIcon({ app }: { app: ControlApp }) {
  if (app.icon !== null) return <img class="icon" src={app.icon} alt="" />;
  return (
    <span class="icon letter" aria-hidden="true">
      {app.name.slice(0, 1).toUpperCase()}
    </span>
  );
}
