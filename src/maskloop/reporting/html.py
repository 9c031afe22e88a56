"""Pieces of a page; whatever text comes in is escaped, since names of files may hold anything."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("style.css")


def page(title: str, lead: str, sections: Iterable[str], footer: str) -> str:
    """Put a page together.

    Parameters
    ----------
    title, lead, footer : str
        Texts.
    sections : iterable of str
        HTML; empty ones are left out.

    Returns
    -------
    str
        HTML that needs nothing but itself.
    """
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text('utf-8')}</style>\n</head>\n<body>",
            f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>',
            *filter(None, sections),
            f"<footer>{escape(footer)}</footer>\n</body>\n</html>\n",
        ]
    )


def section(title: str, *parts: str) -> str:
    """Put HTML under a title."""
    return "\n".join(["<section>", f"<h2>{escape(title)}</h2>", *filter(None, parts), "</section>"])


def paragraph(text: str, kind: str = "") -> str:
    """Make a paragraph of a text."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Make a table of texts."""
    head = f"<thead>{_row(header, 'th')}</thead>"
    return f"<table{_class(kind)}>{head}<tbody>{''.join(_row(row, 'td') for row in rows)}</tbody></table>"


def scrolling(part: str) -> str:
    """Let HTML that may be too wide for the page be scrolled."""
    return f'<div class="scrolling">{part}</div>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Make a table of titles and what is to be said of each; what is empty is left out."""
    lines = (f"<tr><th>{escape(title)}</th><td>{escape(text)}</td></tr>" for title, text in rows if text)
    return f'<table class="facts"><tbody>{"".join(lines)}</tbody></table>'


def drawing(svg: str, caption: str) -> str:
    """Put a text below a drawing."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def key(text: str, colours: Mapping[str, str]) -> str:
    """Make a note of a text, and of names with their colours, such as ``#e69f00``."""
    swatches = (f'<i style="background: {colour}"></i>{escape(name)}' for name, colour in colours.items())
    return f'<p class="note legend">{escape(text)} <span>{"</span> <span>".join(swatches)}</span></p>'


def how_many(count: int, what: str) -> str:
    """Name a count of things."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def side_by_side(*parts: str) -> str:
    """Put HTML in two columns."""
    return f'<div class="pair">{"".join(parts)}</div>'


def row_of_pictures(caption: str, pictures: dict[str, str]) -> str:
    """Put a text above pictures, data URIs by title."""
    cells = (
        f'<div><img src="{uri}" alt="{escape(f"{title} of {caption}")}"><span>{escape(title)}</span></div>'
        for title, uri in pictures.items()
    )
    return f'<figure><figcaption>{escape(caption)}</figcaption><div class="pictures">{"".join(cells)}</div></figure>'


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
