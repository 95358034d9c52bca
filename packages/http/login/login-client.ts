/**
 * The login page's script: derives the password hash in the browser and sends it.
 * Source: spec/runtime-modules.md §6.6 ("Password hash", "Login page"). Bundled into `src/generated/` by `build-login.ts`.
 * @module
 */
import { argon2idAsync } from "@noble/hashes/argon2.js";

const ARGON2 = { t: 2, m: 19_456, p: 1, dkLen: 32 };
const MIN_SALT_BYTES = 8;

const form = document.querySelector("form")!;
const field = document.querySelector<HTMLInputElement>("#password")!;
const button = document.querySelector("button")!;
const status = document.querySelector<HTMLElement>("[role=status]")!;
const node = document.body.dataset["node"]!;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void logIn();
});

async function logIn(): Promise<void> {
  button.disabled = true;
  say("Checking …");
  try {
    const hash = await hashPassword(field.value);
    const response = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ password_hash: hash, subdomain: secureProcess() }),
    });
    // Success is any status below 399, as for every client of a node.
    if (response.status < 399) {
      goOn();
      return;
    }
    say(response.status === 429 ? "Too many attempts. Wait a minute." : "Wrong password.", true);
  } catch {
    say("The node does not answer.", true);
  }
  button.disabled = false;
  field.select();
}

/** Back to the page that asked for the login: it was shown in its place, or it is named behind `/login`. */
function goOn(): void {
  if (location.pathname !== "/login") {
    location.reload();
    return;
  }
  const wanted = new URLSearchParams(location.search).get("redirect") ?? "/";
  // A path of this site and nothing else: neither another scheme nor another host.
  const target = new URL(wanted, location.origin);
  location.replace(target.origin === location.origin ? target.href : "/");
}

/** The form that decrypts the keyfile: Argon2id with the node's name as salt, repeated when it is short. */
async function hashPassword(password: string): Promise<string> {
  const encoder = new TextEncoder();
  let salt = encoder.encode(node);
  if (salt.length < MIN_SALT_BYTES) {
    salt = encoder.encode(node.repeat(1 + Math.floor(MIN_SALT_BYTES / salt.length)));
  }
  const hash = await argon2idAsync(encoder.encode(password), salt, ARGON2);
  return `0x${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The process whose own origin this is: its label is the host's first one; else "". */
function secureProcess(): string {
  const process = location.pathname.split("/")[1] ?? "";
  const owner = process.slice(process.indexOf(":") + 1);
  const label = owner.replaceAll(/[^A-Za-z0-9]/g, "-");
  return process.includes(":") && location.hostname.split(".")[0] === label ? process : "";
}

function say(text: string, isFault = false): void {
  status.textContent = text;
  status.classList.toggle("fault", isFault);
  field.setAttribute("aria-invalid", String(isFault));
}
