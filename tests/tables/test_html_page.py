from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from zsbench.tables.comparison import build_report
from zsbench.tables.frame import build_frame
from zsbench.tables.html_page import render_html
from zsbench_records import difference, failed, four_tasks, metric, published, record

VOID = {"meta"}
OWN = {"html", "head", "meta", "title", "style", "body", "section", "h2", "table", "caption", "thead", "tbody", "tr",
       "th", "td", "strong", "sup", "a", "ul", "ol", "li", "code"}  # fmt: skip


class Page(HTMLParser):
    """Checks that elements are nested, and keeps tags, ids, links and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.texts = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.ids += [value for name, value in attributes if name == "id"]
        self.links += [value for name, value in attributes if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def page(*records, reported=(), **options):
    return Page(render_html(build_report(build_frame(records), reported=reported), **options))


def test_a_page_is_well_formed_and_loads_nothing():
    """Every element is closed, every link leads to a note of the page."""
    found = page(*four_tasks(), *four_tasks("x", 0.6, p_value=0.001), failed())
    assert set(found.tags) <= OWN
    assert found.links
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)
    assert found.tags.count("section") == 5


def test_scores_differences_and_signatures_are_there():
    """The best is strong."""
    found = page(record(), record("x", [metric(score=0.6)], differences=[difference()]))
    assert "60.0 ± 1.0" in found.texts
    assert found.tags.count("strong") == 1
    assert "cider|n:500" in found.texts
    assert found.tags.count("table") == 2


def test_a_fragment_is_no_page():
    """To be put into another page."""
    found = page(record(), standalone=False)
    assert "html" not in found.tags
    assert "table" in found.tags


def test_reported_rows_are_a_block_of_their_own():
    """With a heading and a source."""
    found = page(record(), reported=[published()])
    assert found.tags.count("tbody") == 2
    assert "69.7" in found.texts
    assert any(text.startswith("reported in A Paper, Table 1") for text in found.texts)


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_no_text_becomes_markup(text):
    """Names, reasons and signatures are shown as they are."""
    nasty = f"<script>alert(1)</script>&amp;\"'{text}"
    found = page(
        record(nasty, [metric(signature=nasty)], task_title=nasty, data_used=[nasty], cell={"corpus": nasty}),
        failed("broken", nasty),
    )
    assert set(found.tags) <= OWN
    assert any(nasty.strip() in shown for shown in found.texts)
