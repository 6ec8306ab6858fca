"""MLLP frames out of a stream of bytes: two in one read, one in many reads, noise between them.

A frame is VT, message, FS, CR. VT and FS never occur inside UTF-8 or GB18030 text, so they always mean a frame.
"""

VT, FS, CR = b"\x0b", b"\x1c", b"\r"


class FrameTooLong(Exception):
    """The sender goes on without end; `head` is the beginning, for the answer."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        super().__init__(f"frame longer than the limit, begins with {len(head)} bytes")


class FrameReader:
    """Feed it what arrives; it gives back the messages that are complete."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def is_inside(self) -> bool:
        """Has a frame begun that hasn't ended?"""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages completed by `data`, without their framing. Raises FrameTooLong.

        What stands before a VT is noise and dropped; a VT inside an unfinished frame begins the message anew, because
        its sender has.
        """
        self._buffer += data
        messages: list[bytes] = []
        while True:
            start = self._buffer.find(VT)
            if start < 0:
                self._buffer.clear()
                break
            end = self._buffer.find(FS, start)
            if end < 0:
                latest = self._buffer.rfind(VT)
                del self._buffer[:latest]
                break
            message = bytes(self._buffer[start + 1 : end])
            del self._buffer[: end + 1]
            message = message[message.rfind(VT) + 1 :]
            if len(message) > self.limit:
                raise FrameTooLong(message[:2000])
            messages.append(message)
        if len(self._buffer) > self.limit:
            raise FrameTooLong(bytes(self._buffer[1:2000]))
        return messages


def framed(message: bytes) -> bytes:
    return VT + message + FS + CR
