"""A letter as text, and the same as HTML: a column of paper and ink, every style in its place, nothing fetched."""

import textwrap
from html import escape
from typing import Final

from noughts.kit.outbox import Letter

_WIDTH: Final = 76


def text(letter: Letter, home: str) -> str:
    """Return the letter as plain text; `home` is the address of the platform."""
    blocks = [*letter.paragraphs]
    if letter.link:
        blocks.append("{}:\n{}".format(*letter.link))
    if letter.code:
        blocks.append(f"{_above_code(letter)}\n{letter.code}")
    blocks += [*letter.closing, f"Noughts, {home}"]
    return "\n\n".join("\n".join(map(_wrapped, block.splitlines())) for block in blocks) + "\n"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _above_code(letter: Letter) -> str:
    return "Or enter this code:" if letter.link else "Your code:"


def _tint(name: str, light: str, dark: str) -> str:
    """Return a colour twice, for those who know one alone and for those who know night: no style sheet survives in mail."""
    return f"{name}:{light};{name}:light-dark({light},{dark});"


_GROUND: Final = _tint("background-color", "#FBFAF7", "#14161B")
_INK: Final = _tint("color", "#1F2430", "#ECE9E2")
_QUIET: Final = _tint("color", "#5A6072", "#A2A7B4")
_X, _O = _tint("color", "#2B5FD9", "#8FB0FF"), _tint("color", "#B93A17", "#FF9B7A")
_FONT: Final = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif;"
_BODY: Final = "margin:0;padding:0;color-scheme:light dark;" + _GROUND
_COLUMN: Final = f"max-width:33rem;margin:0 auto;padding:32px 20px;font-size:17px;line-height:1.5;{_FONT}{_INK}"
_NAME: Final = "margin:0 0 28px;font-size:15px;font-weight:600;"
_HEADING: Final = "margin:0 0 16px;font-size:24px;line-height:1.25;font-weight:650;"
_PARAGRAPH: Final = "margin:0 0 16px;"
_BUTTON: Final = (
    "display:inline-block;margin:8px 0;padding:12px 20px;border-radius:10px;font-weight:600;text-decoration:none;"
    + _tint("background-color", "#2B5FD9", "#8FB0FF")
    + _tint("color", "#FFFFFF", "#14161B")
)
_CODE: Final = "margin:0 0 16px;font:600 30px/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:0.12em;" + _INK
_SMALL: Final = f"margin:0 0 12px;font-size:14px;overflow-wrap:anywhere;{_QUIET}"
_RULE: Final = "height:1px;margin:28px 0 20px;border:0;" + _tint("background-color", "#DCDCDB", "#32343A")
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="{body}">
<div style="{column}">
<p style="{name}"><span style="{x}">&times;</span><span style="{o}">&#9675;</span>&ensp;Noughts</p>
<h1 style="{heading}">{subject}</h1>
{blocks}
</div>
</body>
</html>
"""


def html(letter: Letter, home: str) -> str:
    """Return the letter as HTML, everything it says as text; `home` is the address of the platform."""
    blocks = [_block(_PARAGRAPH, paragraph) for paragraph in letter.paragraphs]
    if letter.link:
        label, address = map(escape, letter.link)
        blocks.append(f'<p style="{_PARAGRAPH}"><a href="{address}" style="{_BUTTON}">{label}</a></p>')
    if letter.code:
        blocks += [_block(_PARAGRAPH, _above_code(letter)), _block(_CODE, letter.code)]
    instead = [f"If the button does nothing, open this address: {letter.link[1]}"] if letter.link else []
    blocks.append(f'<hr style="{_RULE}">')
    blocks += [_block(_SMALL, words) for words in (*letter.closing, *instead, f"Noughts, {home}")]
    return _PAGE.format(
        subject=escape(letter.subject), blocks="\n".join(blocks), body=_BODY, column=_COLUMN, name=_NAME, x=_X, o=_O,
        heading=_HEADING,
    )  # fmt: skip


def _block(style: str, words: str) -> str:
    return f'<p style="{style}">{escape(words)}</p>'
