"""Counts, remembers notes in a file, shows a page, and asks its child."""

import json

import kinode
from kinode import homepage, http, vfs

count = 0
notes = ""
worker: kinode.Address


async def main(our: kinode.Address) -> None:
    if our.process_id.process.endswith("-worker"):
        await work()
    await start(our)
    while True:
        try:
            message = await kinode.receive()
        except kinode.SendError as error:
            failed(error)
            continue
        if not message.is_request:
            answered(message)
        elif not await http.handle(message):
            await handle(message)


async def work() -> None:
    """The child is this program under another name: it answers with what it was sent in upper case."""
    while True:
        message = await kinode.receive()
        message.answer(message.text().upper())


async def start(our: kinode.Address) -> None:
    global count, notes, worker
    count = kinode.load_json(default=0)
    notes = await vfs.create_drive("notes") + "/notes.txt"

    name = f"{our.process_id.process}-worker"
    worker = kinode.local(f"{name}:{our.process_id.package_id}")
    try:
        kinode.spawn("counter.wasm", name=name)
    except kinode.NameTaken:
        pass  # it lives on when only we were restarted

    await http.bind("/", page)
    homepage.add("my-package")


async def page(request: http.Request) -> http.Response:
    return http.html(
        f"<!doctype html><title>my-package</title><h1>Hello from Python</h1><p>Counted: {count}</p>"
    )


async def handle(message: kinode.Message) -> None:
    try:
        answer = await reply(message)
    except (ValueError, vfs.VfsError, kinode.SendError) as error:
        answer = {"Error": str(error)}
    if answer is not None:
        message.answer(answer)


async def reply(message: kinode.Message) -> dict | None:
    """None: the answer comes when the child's has come."""
    match message.json():
        case "Count":
            global count
            count += 1
            kinode.save_json(count)
            return {"Count": count}
        case {"Remember": str(text)}:
            await vfs.append(notes, f"{text}\n")
            return {"Remembered": await vfs.size(notes)}
        case "Recall":
            try:
                return {"Recalled": await vfs.read_text(notes)}
            except vfs.NotFound:
                return {"Recalled": ""}
        case {"Ask": str(text)}:
            # The kernel keeps the context and gives it back with the response.
            kinode.send(worker, text, timeout=10, context=text.encode())
            return None
    raise ValueError('expected "Count", "Recall", {"Remember": text} or {"Ask": text}')


def answered(message: kinode.Message) -> None:
    """The child's response; the request that made us ask is the one being handled again, so this answers it."""
    if message.context is not None:
        question = message.context.decode()
        kinode.respond(json.dumps({"Answer": {"question": question, "answer": message.text()}}))


def failed(error: kinode.SendError) -> None:
    if error.target.process_id == worker.process_id:
        kinode.respond({"Error": str(error)})
    else:
        kinode.print_line(f"counter: {error}")
