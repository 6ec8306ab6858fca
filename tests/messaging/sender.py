"""A process that sends what is due until it is killed: the victim of test_kill.py."""

import os
import sys
import threading

import django


def main() -> None:
    django.setup()
    from hospital.kit import clock
    from hospital.messaging import delivery, kinds
    from hospital.messaging.models import Channel

    kinds.register(
        kinds.MessageKind("test.drill", "Drill", "%(n)s", channels=(Channel.INBOX, Channel.SMS), urgent=True)
    )
    pause = threading.Event()
    print("ready", flush=True)
    while os.getppid() != 1:
        if not delivery.deliver_due(at=clock.now()):
            pause.wait(0.05)


if __name__ == "__main__":
    sys.exit(main())
