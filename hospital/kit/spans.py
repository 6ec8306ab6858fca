"""A row that takes a stretch of time: what exclusion constraints keep apart, and when it begins and ends."""

from datetime import datetime

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Spanned(models.Model):
    """`during` has both ends; each table's own constraint sees to it where rows come from people's hands."""

    during = DateTimeRangeField(_("time"))

    class Meta:
        abstract = True

    @property
    def starts_at(self) -> datetime:
        assert self.during.lower is not None
        return self.during.lower

    @property
    def ends_at(self) -> datetime:
        assert self.during.upper is not None
        return self.during.upper
