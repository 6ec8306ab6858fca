"""One module per channel: `reaches(account)` says whether it can, `send(...)` hands one message over.

Both look only at the account; what is said comes rendered. A channel raises OutsideError (hospital/kit/outside.py).
"""

from types import ModuleType

from hospital.messaging.models import Channel

from . import sms, wechat

CHANNELS: dict[str, ModuleType] = {Channel.SMS: sms, Channel.WECHAT: wechat}
