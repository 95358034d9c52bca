// The page of the chat: shows what the process has kept, and what its web socket brings.
const base = location.pathname.replace(/\/(index\.html)?$/, "");
const element = (id) => document.getElementById(id);
const [list, room, author, text] = ["messages", "room", "author", "text"].map(element);
const messages = [];
let socket;
let delay = 500;

function belongs(message) {
  const wanted = room.value.trim();
  return wanted === "" || message.room === wanted;
}

function row(message) {
  const item = document.createElement("li");
  const head = document.createElement("p");
  const name = document.createElement("b");
  name.textContent = message.author;
  const time = document.createElement("time");
  const at = new Date(message.at);
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  head.append(name, time);
  const body = document.createElement("p");
  body.textContent = message.text;
  item.append(head, body);
  item.classList.toggle("mine", message.author === author.value.trim());
  return item;
}

function show() {
  list.replaceChildren(...messages.filter(belongs).map(row));
  element("empty").hidden = list.childElementCount > 0;
  const rooms = [...new Set(messages.map((message) => message.room))];
  element("rooms").replaceChildren(...rooms.map((name) => new Option(name)));
  list.lastElementChild?.scrollIntoView({ block: "end" });
}

function complain(problem) {
  element("problem").textContent = problem;
  element("problem").hidden = problem === "";
}

async function connect() {
  try {
    const kept = await (await fetch(`${base}/messages`)).json();
    messages.splice(0, messages.length, ...kept);
    show();
  } catch {
    complain("The messages could not be loaded.");
  }
  socket = new WebSocket(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${base}/`,
  );
  socket.onopen = () => {
    delay = 500;
    complain("");
    element("status").textContent = "connected";
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.Err) return complain(event.Err);
    messages.push(event.Message);
    show();
  };
  socket.onclose = () => {
    element("status").textContent = "connecting…";
    setTimeout(connect, (delay = Math.min(delay * 2, 10_000)));
  };
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value.trim() === "") return;
  if (socket?.readyState !== WebSocket.OPEN)
    return complain("Not connected; try again in a moment.");
  complain("");
  const [name, where] = [author.value.trim(), room.value.trim()];
  socket.send(JSON.stringify({ room: where, author: name, text: text.value, at: Date.now() }));
  text.value = "";
  text.focus();
});
author.value = localStorage.getItem("chat-author") ?? "";
author.addEventListener("change", () => {
  localStorage.setItem("chat-author", author.value.trim());
  show();
});
room.addEventListener("input", show);
connect();
