"""A process without our library, on the interface before the newest: answers with what it was sent, reversed."""

import wit_world
from wit_world.imports.standard import Message_Request, Response, receive, send_response


class WitWorld(wit_world.WitWorld):
    def init(self, our: str) -> None:
        while True:
            source, message = receive()
            if isinstance(message, Message_Request):
                send_response(Response(False, message.value.body[::-1], None, []), None)
