"""Parts of billing's URLs."""


class Ids:
    """Some row ids: `17` or `17,18,21`; at most fifty."""

    regex = r"[0-9]{1,18}(?:,[0-9]{1,18}){0,49}"

    def to_python(self, value: str) -> list[int]:
        return sorted({int(part) for part in value.split(",")})

    def to_url(self, value: "list[int] | int | str") -> str:
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)
