import pytest

from zsbench.metrics.sanitize import LINE_SEPARATORS, sanitize_caption


@pytest.mark.parametrize("separator", [*LINE_SEPARATORS, "\t", "\0"])
def test_separator_becomes_a_space(separator):
    """Whatever ends a line somewhere becomes one space, one for one."""
    assert sanitize_caption(f"a{separator}{separator}dog") == "a  dog"


def test_every_caption_is_one_line_of_utf8():
    """No character of the basic plane splits a line or cannot be written afterwards."""
    clean = sanitize_caption("".join(chr(code) for code in range(0x10000)))
    assert len(clean.splitlines()) == 1
    assert len(clean.encode("utf-8")) > 0x10000


def test_ordinary_text_stays_as_it_is():
    """Accents, quotes, bars, emoji and runs of spaces are not touched."""
    text = " Un café  « d'été » ||| 🐶 日本 "
    assert sanitize_caption(text) == text
