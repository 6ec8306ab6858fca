"""Command line of the house; `./dev` is the door to it."""

import argparse
import errno
import sys

from . import demo, tests
from .speech import Trouble, say

_PLACE = "Choose another place with VAR_DIR=..., or make this one yours."
_ROOM = "Free some room and try again."
_A_PERSON_SETTLES = {
    errno.EACCES: _PLACE,
    errno.EPERM: _PLACE,
    errno.EROFS: _PLACE,
    errno.ENOTDIR: _PLACE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./dev", epilog="ports, from the environment:\n" + demo.ports_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="start the demo hospital; Ctrl-C stops it")
    running.add_argument("--size", choices=["tiny", "demo", "large"], default="demo", help="of the first seed")
    commands.add_parser("reset", help="forget the demo's data and keys")
    commands.add_parser("stop", help="stop what a killed run left behind")
    managing = commands.add_parser("manage", help="a management command inside the demo")
    managing.add_argument("words", nargs=argparse.REMAINDER)
    testing = commands.add_parser("test", help="all checks and tests; words are passed to pytest")
    testing.add_argument("words", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        match options.command:
            case "run":
                return demo.run(options.size)
            case "reset":
                return demo.reset()
            case "stop":
                return demo.stop()
            case "manage":
                return demo.manage(options.words)
            case _:
                return tests.run(options.words)
    except Trouble as trouble:
        say(f"\n✗ {trouble}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    except OSError as error:
        if error.filename is None or error.errno not in _A_PERSON_SETTLES:
            raise
        say(f"\n✗ {error.filename}: {error.strerror}. {_A_PERSON_SETTLES[error.errno]}")
        return 1


sys.exit(main())
