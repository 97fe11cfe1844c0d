"""The best one-to-one assignment of rows to columns of a small score table. Knows nothing about sheets."""

from collections.abc import Sequence


def best_assignment(scores: Sequence[Sequence[float]]) -> list[int | None]:
    """For each row the column it gets, None where nothing with a positive score is left for it.

    The sum of the scores taken is the largest possible; each column is given once (Kuhn-Munkres, by shortest
    augmenting paths, cubic time).
    """
    rows = len(scores)
    columns = len(scores[0]) if rows else 0
    if not columns:
        return [None] * rows
    costs = [[-max(score, 0.0) for score in row] + [0.0] * rows for row in scores]
    taken = _solve(costs)
    return [c if c < columns and scores[r][c] > 0 else None for r, c in enumerate(taken)]


def _solve(costs: list[list[float]]) -> list[int]:
    """Column of each row at least total cost; there are at least as many columns as rows."""
    rows, columns = len(costs), len(costs[0])
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    row_of, came_from = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        shortest = [float("inf")] * (columns + 1)
        used = [False] * (columns + 1)
        while row_of[column]:
            used[column] = True
            current, step, following = row_of[column], float("inf"), 0
            for c in range(1, columns + 1):
                if used[c]:
                    continue
                reduced = costs[current - 1][c - 1] - row_price[current] - column_price[c]
                if reduced < shortest[c]:
                    shortest[c], came_from[c] = reduced, column
                if shortest[c] < step:
                    step, following = shortest[c], c
            for c in range(columns + 1):
                if used[c]:
                    row_price[row_of[c]] += step
                    column_price[c] -= step
                else:
                    shortest[c] -= step
            column = following
        while column:
            previous = came_from[column]
            row_of[column] = row_of[previous]
            column = previous
    result = [0] * rows
    for c in range(1, columns + 1):
        if row_of[c]:
            result[row_of[c] - 1] = c - 1
    return result
