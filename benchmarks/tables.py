"""Tables in Markdown."""

from __future__ import annotations


def print_table(title: str, rows: list[tuple[str, ...]]) -> None:
    """A table in Markdown."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    print(f"\n{title}\n")
    print("\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]))
