/** The page: what it shows comes from the process, over HTTP and over a web socket when it changes. */

// The page's address ends with its process id: everything relative stays inside.
const ITEMS = "items";
const list = document.querySelector("ul")!;
const form = document.querySelector("form")!;

function row(text: string, index: number): HTMLLIElement {
  const line = document.createElement("li");
  const remove = document.createElement("button");
  remove.textContent = "Done";
  remove.onclick = () => void fetch(`${ITEMS}/${index}`, { method: "DELETE" });
  line.append(text, remove);
  return line;
}

function show(items: readonly string[]): void {
  list.replaceChildren(...items.map(row));
}

form.onsubmit = (event) => {
  event.preventDefault();
  const text = String(new FormData(form).get("text") ?? "");
  void fetch(ITEMS, { method: "POST", body: text }).then(() => form.reset());
};

const socket = new WebSocket(new URL("changes", location.href.replace(/^http/, "ws")));
socket.onmessage = ({ data }) => show((JSON.parse(String(data)) as { items: string[] }).items);
show((await (await fetch(ITEMS)).json()) as string[]);

export {};
