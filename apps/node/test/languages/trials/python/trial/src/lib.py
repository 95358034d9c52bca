"""Does what the body of a request says and answers how it went, so that a test sees what Python programs can rely on."""

import os
import random
import secrets
import time

import kinode


async def main(our: kinode.Address) -> None:
    name = our.process_id.process
    if name.startswith("trial-echo"):
        await echo()
    if name.startswith("trial-slow"):
        await kinode.serve(slow)
    timer = kinode.Address(our.node, kinode.ProcessId.parse("timer:distro:sys"))
    for child in ("trial-echo", "trial-slow"):
        try:
            kinode.spawn(
                "trial.wasm",
                name=child,
                request=[kinode.Capability(timer)],
                grant=[(timer.process_id, '"messaging"')],
            )
        except kinode.NameTaken:
            pass
    await kinode.serve(handle)


def child(name: str) -> kinode.Address:
    return kinode.local(f"{name}:{kinode.our().process_id.package_id}")


async def echo() -> None:
    while True:
        message = await kinode.receive()
        message.answer(message.body)


async def slow(message: kinode.Message) -> None:
    """Answers after as many milliseconds as asked for, many at a time."""
    await kinode.sleep(int(message.body) / 1000)
    message.answer(message.body)


async def handle(message: kinode.Message) -> None:
    message.answer(await run(*message.text().split()))


async def run(name: str, number: str = "0", size: str = "0") -> str:
    match name:
        case "flood":
            return await flood(int(number), int(size))
        case "sleep":
            start = time.monotonic()
            time.sleep(int(number) / 1000)
            return str(round((time.monotonic() - start) * 1000))
        case "now":
            return f"{int(time.time() * 1000)} {time.tzname[0]}"
        case "random":
            return secrets.token_bytes(int(number)).hex()
        case "dice":
            return str(random.getrandbits(64))
        case "host":
            try:
                with open("/etc/passwd") as file:
                    found = file.read()
            except OSError as error:
                found = error.strerror
            return f"{len(os.environ)} {found}"
        case "await":
            return (await kinode.request(child("trial-slow"), number, timeout=10)).text()
        case "several":
            asked = [kinode.request(child("trial-slow"), str(ms), timeout=10) for ms in (300, 100, 200)]
            return " ".join([(await each).text() for each in asked])
        case "panic":
            raise SystemExit("as asked")
    return "unknown command"


async def flood(messages: int, size: int) -> str:
    """Exchanges messages with the echo."""
    wrong = 0
    start = time.monotonic()
    for number in range(messages):
        body = number.to_bytes(4, "little") * (size // 4)
        response = await kinode.request(child("trial-echo"), body)
        wrong += response.body != body
    each = (time.monotonic() - start) / max(1, messages)
    return f"{wrong} wrong, {each * 1e6:.0f} µs each"
