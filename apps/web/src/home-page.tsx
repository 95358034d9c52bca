import type { ControlApp } from "@kinode-ts/types";
import { useState } from "preact/hooks";
import { api } from "./api.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { InstallDialog } from "./install-dialog.tsx";
import { Loading } from "./loading.tsx";
import { type Notices, useNotice } from "./notice.tsx";
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
  const notices = useNotice();
  return (
    <>
      <div class="title-row">
        <h1>Apps</h1>
        <button type="button" class="primary" onClick={() => setInstalling(true)}>
          Install an app
        </button>
      </div>
      {notices.notice}
      <Loading data={apps} />
      {apps.value !== undefined && (
        <ul class="cards">
          {apps.value.map((app) => (
            <AppCard
              key={app.id}
              app={app}
              appsPort={node.value?.appsPort}
              notices={notices}
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
            notices.say(`${name} is installed.`);
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
  notices: Notices;
  onChanged: () => void;
}) {
  const { app } = props;
  const address = app.path === null ? undefined : addressOf(app.path, props.appsPort);
  const uninstall = async () => {
    try {
      await api.uninstall(app.id, false);
      props.notices.say(`${app.name} is uninstalled. Its files and saved data are kept.`);
    } catch (thrown) {
      props.notices.fail(thrown);
    }
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
          <a class="button primary" href={address} aria-label={`Open ${app.name}`}>
            Open
          </a>
        )}
        <a
          class="button"
          href={`#/permissions/${app.id}`}
          aria-label={`Permissions of ${app.name}${app.withdrawnCount > 0 ? `, ${app.withdrawnCount} off` : ""}`}
        >
          Permissions{app.withdrawnCount > 0 && ` (${app.withdrawnCount} off)`}
        </a>
        {!app.bundled && (
          <ConfirmButton
            text="Uninstall"
            label={`Uninstall ${app.name}`}
            confirmText="Really uninstall"
            confirmLabel={`Really uninstall ${app.name}`}
            keepLabel={`Keep ${app.name}`}
            onConfirm={() => void uninstall()}
          />
        )}
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
