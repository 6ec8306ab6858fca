"""A query of the ORM whose SQL is built once and asked with other values each time.

The ORM spends about a millisecond on building a statement that PostgreSQL answers in a tenth of one. What each request
asks, or each booking, is written as ever and kept:

    _DOCTOR = Kept(lambda: Staff.objects.filter(pk=Given("staff_id"), is_listed=True).select_related("account"))
    doctor = _DOCTOR.first(staff_id=7)

Rows are models, dicts or tuples as the queryset says, with select_related, annotations and converters; other kinds of
rows and prefetches are refused when the query is first asked. A value that isn't given is a KeyError. `Given` stands for
one value of a lookup or an expression, not for a list: where lists differ in length the SQL differs too (`field__in`
takes no Given). Slices belong to the queryset as it was built.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Expression, QuerySet
from django.db.models import query as orm
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesIterable, ValuesListIterable
from django.db.models.sql.compiler import SQLCompiler

R = TypeVar("R", covariant=True)
Row = Sequence[Any]
Read = Callable[[Row], Any]


class Given(Expression):
    """A value that is given when the query is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]

    def get_group_by_cols(self) -> list[Any]:
        return []


class Kept(Generic[R]):
    def __init__(self, build: Callable[[], "QuerySet[Any, R]"]) -> None:
        self._build = build
        self._built: _Built | None = None

    def rows(self, **given: Any) -> list[R]:
        """All rows, for these values."""
        built = self._built
        if built is None:
            built = self._built = _Built(self._build())
        return built.rows(given)

    def first(self, **given: Any) -> R | None:
        """The first row; the query should say its order, or be of one row."""
        found = self.rows(**given)
        return found[0] if found else None


class _Built:
    """What the ORM finds out about a query before it asks it, and how it would read the rows."""

    def __init__(self, queryset: "QuerySet[Any, Any]") -> None:
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise TypeError("a kept query takes no prefetches")
        compiler = queryset.query.get_compiler(using=queryset.db)
        sql, params = compiler.as_sql()
        self.db, self.sql, self.params = queryset.db, str(sql), tuple(params)
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        if compiler.has_composite_fields(columns):
            raise TypeError("a kept query takes no composite keys")
        self.converters = list(compiler.get_converters(columns).items())
        self.read = _reader(queryset, compiler)

    def rows(self, given: dict[str, Any]) -> list[Any]:
        values = tuple([given[one.name] if isinstance(one, Given) else one for one in self.params])
        connection = connections[self.db]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            found = cursor.fetchall()
        if self.converters:
            found = list(self._converted(found, connection))
        return list(map(self.read, found))

    def _converted(self, rows: list[tuple[Any, ...]], connection: Any) -> Iterator[list[Any]]:
        for row in map(list, rows):
            for place, (converters, expression) in self.converters:
                value = row[place]
                for convert in converters:
                    value = convert(value, expression, connection)
                row[place] = value
            yield row


def _reader(queryset: "QuerySet[Any, Any]", compiler: SQLCompiler) -> Read:
    """How a row becomes what the queryset promises."""
    kind = queryset._iterable_class
    if kind is ModelIterable:
        return _model(compiler, queryset.db)
    if kind is ValuesListIterable:
        return tuple
    if kind is FlatValuesListIterable:
        return lambda row: row[0]
    if kind is ValuesIterable:
        query: Any = queryset.query
        names = list(query.selected or [*query.extra_select, *query.values_select, *query.annotation_select])
        return lambda row: dict(zip(names, row, strict=True))
    raise TypeError(f"a kept query doesn't read rows by {kind.__name__}")


def _model(compiler: Any, db: str) -> Read:
    """As django.db.models.query.ModelIterable, which finds all this out again for each answer."""
    info, select = compiler.klass_info, compiler.select
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, _, _ in select[first:last]]
    populators: Any = orm.get_related_populators
    from_db, related = info["model"].from_db, populators(info, select, db)
    annotations = list((compiler.annotation_col_map or {}).items())

    def read(row: Row) -> Any:
        made = from_db(db, names, row[first:last])
        for one in related:
            one.populate(row, made)
        for name, place in annotations:
            setattr(made, name, row[place])
        return made

    return read
