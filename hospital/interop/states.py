"""The only table of moves of each status in hospital.interop."""

from hospital.kit.lifecycle import Lifecycle

# A refused message may be tried again, by its sender or by hand, when what it lacked has been put right.
INBOUND = Lifecycle("interop.inbound", moves={"received": {"filed", "refused"}, "refused": {"received"}})
