"""The pages in a real browser: no error, no request to anywhere else, sorting, filtering, keys, odd captions."""

from __future__ import annotations

import re
import shutil

import pytest

from zsbench.report import build_leaderboard
from zsbench_fakes import COLOURS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,900",
)

webdriver = pytest.importorskip("selenium.webdriver", reason="the browser tests need selenium: pip install selenium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="the browser tests need chromium and chromedriver on the path"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Headless Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def visit(browser, results, options):
    """Open a page of the site; afterwards there must be no error in its console and no request elsewhere."""
    build_leaderboard(results, options)
    browser.get_log("performance")

    def _visit(name):
        browser.get((options.output / name).as_uri())
        wait(browser, lambda: browser.execute_script("return document.readyState") == "complete")
        return browser

    yield _visit
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    sent = [
        entry["message"] for entry in browser.get_log("performance") if "Network.requestWillBeSent" in entry["message"]
    ]
    urls = {url for message in sent for url in re.findall(r'"url":"([^"]+)"', message)}
    assert urls
    elsewhere = [url for url in urls if not url.startswith(("file:", "data:"))]
    assert elsewhere == []
    assert "pwned" not in browser.title


def wait(browser, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 60).until(lambda _: condition())


def texts(browser, selector):
    script = (
        "return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent).map(e => e.textContent.trim())"
    )
    return browser.execute_script(script, selector)


def methods(browser):
    return texts(browser, "tbody .name")


def test_a_click_on_a_heading_sorts(visit):
    """By number and by name, once down and once up; published numbers stay last."""
    browser = visit("index.html")
    reported = "PaperCapReported, not measured here."
    assert methods(browser) == ["<script>new</script>", "old-faithful", "lazy", reported]
    browser.find_element("css selector", "th.number.main button").click()
    assert methods(browser) == ["lazy", "old-faithful", "<script>new</script>", reported]
    browser.find_element("css selector", "thead th.name button").click()
    assert methods(browser) == ["<script>new</script>", "lazy", "old-faithful", reported]
    assert browser.find_element("css selector", "thead th.name").get_attribute("aria-sort") == "ascending"


def test_the_filter_and_its_key(visit):
    """A slash jumps into the field; words narrow the table."""
    browser = visit("index.html")
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys("/").send_keys("faith").perform()
    assert methods(browser) == ["old-faithful"]
    assert texts(browser, "[data-count]") == ["1 of 4 systems"]


def test_samples_stand_side_by_side_as_text(visit):
    """Markup in a caption is shown, not run; Arabic runs from the right."""
    browser = visit("samples/fake-task.html")
    wait(browser, lambda: len(texts(browser, ".sample")) == 10)
    captions = texts(browser, ".said p")
    assert any("onerror=" in text for text in captions)
    assert (
        browser.execute_script("return document.querySelectorAll('#samples script, #samples img[src=x]').length") == 0
    )
    direction = "return getComputedStyle([...document.querySelectorAll('.said p')].find(e => /[\\u0600-\\u06ff]/.test(e.textContent))).direction"
    assert browser.execute_script(direction) == "rtl"
    shown = "return [...document.querySelectorAll('.picture img')].filter(i => i.complete && i.naturalWidth > 0).length"
    wait(browser, lambda: browser.execute_script(shown) > 0)


def test_samples_are_ordered_filtered_and_searched(visit):
    """Largest loss first, one group only, one word only."""
    browser = visit("samples/fake-task.html")
    wait(browser, lambda: len(texts(browser, ".sample")) == 10)
    from selenium.webdriver.support.ui import Select

    Select(browser.find_element("id", "order")).select_by_visible_text("largest loss")
    deltas = [float(text.replace("−", "-")) for text in texts(browser, ".said-grid .said:nth-child(2) .delta")]
    assert deltas == sorted(deltas)
    Select(browser.find_element("css selector", "[data-grouping=shade]")).select_by_visible_text("dark")
    assert len(texts(browser, ".sample")) == 5
    browser.find_element("id", "search").send_keys("gray")
    assert browser.execute_script("return [...document.querySelectorAll('.sample')].map(e => e.dataset.id)") == ["gray"]


def boxes(browser, selector):
    """Where each drawn shape lies on its picture, as shares of it, and how strong it is, by example."""
    script = """
        return Object.fromEntries([...document.querySelectorAll('.sample')].map(sample => {
          const frame = sample.querySelector('.picture img').getBoundingClientRect();
          const places = [...sample.querySelectorAll(arguments[0])].map(shape => {
            const box = shape.getBBox(), matrix = shape.getScreenCTM();
            return [matrix.e - frame.x + box.x * matrix.a, matrix.f - frame.y + box.y * matrix.d,
                    box.width * matrix.a, box.height * matrix.d].map((v, i) => v / [frame.width, frame.height][i % 2]);
          });
          return [sample.dataset.id, places];
        }))"""
    return browser.execute_script(script, selector)


def test_regions_are_drawn_where_the_encoder_looked(visit, options):
    """Over the middle square, over all of the picture, or over a square around it; a key turns them on and off."""
    from PIL import Image
    from selenium.webdriver.common.action_chains import ActionChains

    visit("samples/fake-task.html")
    for path in (options.output / "images").iterdir():
        Image.new("RGB", (320, 160), "teal").save(path)  # twice as wide as high
    browser = visit("samples/fake-task.html")
    wait(browser, lambda: len(texts(browser, ".sample")) == 10)
    assert browser.find_elements("css selector", ".regions") == texts(browser, "#legend") == []
    offered = browser.find_elements("css selector", "#regions option")
    assert [option.get_attribute("textContent") for option in offered] == ["nobody", "<script>new</script>"]
    ActionChains(browser).send_keys("r").perform()
    wait(browser, lambda: len(browser.find_elements("css selector", ".regions")) == 3)
    cells = boxes(browser, ".cell")
    crop, squash, pad, *others = (cells[colour] for colour in COLOURS)
    assert crop == [
        pytest.approx([0.25, 0, 0.125, 0.25], abs=0.01),
        pytest.approx([0.625, 0.25, 0.125, 0.25], abs=0.01),
    ]
    assert squash == [pytest.approx([0.75, 0.75, 0.25, 0.25], abs=0.01)]
    assert pad == [pytest.approx([0, -0.5, 0.25, 0.5], abs=0.01)]
    assert others == [[]] * 7
    strengths = [float(e.get_attribute("fill-opacity")) for e in browser.find_elements("css selector", ".cell")]
    assert strengths[0] < strengths[1]
    assert texts(browser, "#legend")
    label = browser.execute_script("return document.querySelector('.regions[role=img] title').textContent")
    assert label == "<script>new</script> selected 2 of 16 cells; most weight: row 2, column 4"
    ActionChains(browser).send_keys("r").perform()
    assert browser.find_elements("css selector", ".regions") == []


def test_regions_go_with_their_system(visit):
    """A system that is no longer chosen has none drawn; without any that recorded them there is no control."""
    browser = visit("samples/fake-task.html")
    wait(browser, lambda: len(texts(browser, ".sample")) == 10)
    assert texts(browser, "#looked")
    for box in browser.find_elements("css selector", "#systems input:checked"):
        if "new" in box.find_element("xpath", "..").text:
            box.click()
    wait(browser, lambda: not texts(browser, "#looked"))
    assert not texts(browser, "#regionkey")


def test_an_image_that_is_missing_leaves_a_place(visit, options):
    """The caption is still there."""
    for image in (options.output / "images").iterdir():
        image.unlink()
    browser = visit("samples/fake-task.html")
    wait(browser, lambda: "no image" in texts(browser, ".picture"))
    assert len(texts(browser, ".sample")) == 10
    browser.get_log("browser")  # a missing file is reported by the browser itself


def test_a_phone_shows_the_table_without_a_wider_page(visit, browser):
    """The table scrolls within itself."""
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visit("index.html")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        visit("samples/fake-task.html")
        wait(browser, lambda: len(texts(browser, ".sample")) == 10)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_has_contrast_in_both_schemes(visit, browser, scheme):
    """Ink on paper, at least seven to one."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    visit("index.html")
    style = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    ink, paper = (luminance(colour) for colour in browser.execute_script(style))
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 7


def luminance(colour):
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_pages_of_runs_and_captioners_load(visit, options):
    """Links of the table lead there."""
    for kind in ("runs", "captioners"):
        for page in sorted((options.output / kind).glob("*.html")):
            assert visit(f"{kind}/{page.name}").find_element("css selector", "h1").text
