"""Take the screenshots of the docs: ``python docs/screenshots/take.py SITE REPORT`` with folders of built pages.

Needs selenium, chromium and chromedriver.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,760")
HERE = Path(__file__).parent


def main() -> None:
    """The table, the samples with the widest spread and where a system looked, the plots."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import Select

    site, report = (Path(name).resolve() for name in sys.argv[1:3])
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    browser.get((site / "index.html").as_uri())
    time.sleep(1)
    browser.save_screenshot(str(HERE / "leaderboard.png"))
    browser.get(next(iter(sorted((site / "samples").glob("*.html")))).as_uri())
    time.sleep(3)
    Select(browser.find_element("id", "order")).select_by_visible_text("widest spread")
    offered = Select(browser.find_element("id", "regions"))
    offered.select_by_index(len(offered.options) - 1)
    browser.execute_script("document.activeElement.blur()")
    time.sleep(1)
    browser.save_screenshot(str(HERE / "samples.png"))
    browser.get((report / "index.html").as_uri())
    browser.execute_script("document.querySelector('.charts').parentElement.scrollIntoView()")
    time.sleep(1)
    browser.save_screenshot(str(HERE / "report.png"))
    browser.quit()


if __name__ == "__main__":
    main()
