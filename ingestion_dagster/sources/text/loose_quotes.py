"""One line of a text file whose quotation marks the csv module refuses, split as a person reads it: a mark closes a
cell only where a separator or the line's end follows, and any other is an inch mark.
"""


def split_loosely(line: str, delimiter: str, padded: bool = False) -> tuple[list[str], bool]:
    """(cells, whether every quotation mark that opens a cell also closes).

    `"24" pipe",5` is `24" pipe` and 5; `"Pipe" 3/4,5` has no closing mark, so its first cell stays as it is written.
    """
    line = line.rstrip("\r\n")
    cells: list[str] = []
    at, closed = 0, True
    while True:
        start = at
        while padded and line[start : start + 1] == " ":
            start += 1
        end = _closing(line, start, delimiter) if line[start : start + 1] == '"' else -1
        if end >= 0:
            cells.append(line[start + 1 : end].replace('""', '"'))
            at = line.find(delimiter, end)
        else:
            at = line.find(delimiter, start)
            text = line[start:] if at < 0 else line[start:at]
            closed = closed and not (text[:1] == '"' and text.count('"') % 2)
            cells.append(text)
        if at < 0:
            return cells, closed
        at += 1


def _closing(line: str, start: int, delimiter: str) -> int:
    """Where the quotation mark that opens at `start` closes; -1 where it does not.

    An even number of marks before a separator are text (`""` for `"`), unless nothing else closes the cell: then they
    are an inch mark and the closing one.
    """
    at, inch = start + 1, -1
    while (first := line.find('"', at)) >= 0:
        at = first
        while line[at : at + 1] == '"':
            at += 1
        behind = at
        while line[behind : behind + 1] == " ":
            behind += 1
        if behind == len(line) or line[behind] == delimiter:
            if (at - first) % 2:
                return at - 1
            inch = at - 1 if inch < 0 else inch
    return inch
