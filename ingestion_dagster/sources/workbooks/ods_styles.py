"""Number formats of an ODS file as format codes: its styles name data styles, which spell a format in elements."""

from collections.abc import Mapping

Attributes = dict[str, str]


class OdsStyles:
    """Collects styles while the content comes by; they stand before the tables."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        """Data style -> format code, of those that write texts or padded digits."""
        self._data_styles: dict[str, str] = {}
        """Cell style -> data style."""
        self._parents: dict[str, str] = {}
        self._name = ""
        self._pieces: list[str] | None = None
        self._text: list[str] | None = None
        self._whole = True
        """The style shows whole digits and texts, nothing else."""
        self._places = 0
        self._embedded: dict[int, str] = {}
        self._position = -1

    def start(self, name: str, named: Attributes) -> None:
        """An element begins; `named`: its attributes without prefixes."""
        if name == "number-style":
            self._name, self._pieces, self._whole = named.get("name", ""), [], True
        elif name == "style" and named.get("family") == "table-cell":
            self._data_styles[named.get("name", "")] = named.get("data-style-name", "")
            self._parents[named.get("name", "")] = named.get("parent-style-name", "")
        elif self._pieces is None:
            return
        elif name == "text":
            self._text = []
        elif name == "number":
            self._places, self._embedded = _count(named.get("min-integer-digits")), {}
            self._whole = not _count(named.get("decimal-places")) and named.get("grouping") != "true"
        elif name == "embedded-text":
            self._text, self._position = [], _count(named.get("position"))
        elif name in ("fraction", "scientific-number"):
            self._whole = False

    def text(self, text: str) -> None:
        """Characters between elements."""
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if self._pieces is None:
            return
        if name in ("text", "embedded-text") and self._text is not None:
            written, self._text = "".join(self._text), None
            if name == "text":
                self._pieces.append(_quoted(written))
            else:
                self._embedded[self._position] = written
        elif name == "number":
            self._pieces.append(_digits(self._places, self._embedded))
        elif name == "number-style":
            code = "".join(self._pieces)
            self._pieces = None
            if self._whole and code not in ("0", "#"):
                self._codes[self._name] = code

    def code_of(self, style: str) -> str | None:
        """The format code of a cell style; None for a plain number."""
        for _ in range(4):
            if data := self._data_styles.get(style):
                return self._codes.get(data)
            style = self._parents.get(style, "")
        return None


def _digits(places: int, embedded: Mapping[int, str]) -> str:
    """`000-000` from six places and a text that stands three digits from the right."""
    places = min(max(places, max(embedded, default=0)), 30)
    code = ""
    for left in range(places, 0, -1):
        code += "0" + (_quoted(embedded[left - 1]) if left - 1 in embedded and left > 1 else "")
    return code or "#"


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', "'")) if text else ""


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 3 else 0
