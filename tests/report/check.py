#!/usr/bin/env python3
"""Looks at `galeno report` in a real browser: accessible by axe-core in light and dark, usable by keyboard, readable on a
telephone and on paper, with nothing fetched and nothing scripted.

    tests/report/check.py GALENO [FOLDER]     screenshots go to FOLDER, if one is named
"""

import pathlib
import subprocess
import sys
import tempfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("prod", "local")
# The folder of the screenshots, or none.
PICTURES = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None


def render(galeno: str, environment: str, folder: pathlib.Path) -> pathlib.Path:
    file = folder / f"{environment}.html"
    command = [galeno, "--root", ROOT, "report", environment, "--html"]
    subprocess.run([*command, file], check=True, capture_output=True)
    again = subprocess.run([*command, "-"], check=True, capture_output=True).stdout
    assert file.read_bytes() == again, f"{environment}: two runs differ"
    return file


def accessible(page, name: str) -> None:
    found = Axe().run(page)
    told = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}" for v in found.response["violations"]]
    assert not told, f"{name}: " + "\n".join(told)


def by_keyboard(page, name: str) -> None:
    """The first stop is the way past the navigation; every stop is seen; folded tables open by the keyboard."""
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.className")
    assert first == "skip", f"{name}: the first stop is {first!r}"
    stops = 0
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        stops += 1
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"{name}: stop {stops} is not seen"
    assert stops > 8, f"{name}: only {stops} stops"
    summary = page.locator("#where summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#where table").is_visible(), f"{name}: the map's table does not open"


def look(browser, file: pathlib.Path, environment: str) -> None:
    for scheme in ("light", "dark"):
        for device, width, height in (("desk", 1280, 900), ("telephone", 390, 844)):
            name = f"{environment}-{scheme}-{device}"
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
            page = context.new_page()
            wrong: list[str] = []
            page.on("console", lambda message: wrong.append(message.text))
            page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith("file:") else None)
            page.goto(file.as_uri())
            assert page.locator("svg[role=img]").count() >= 3, f"{name}: drawings are missing"
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name}: the page is {wide} px too wide"
            if PICTURES:
                page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
            assert not wrong, f"{name}: {wrong}"
            if device == "desk":
                by_keyboard(page, name)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            accessible(page, name)
            context.close()


def on_paper(browser, file: pathlib.Path, environment: str) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF") and len(paper) > 20_000, f"{environment}: nothing is printed"
    if PICTURES:
        (PICTURES / f"{environment}.pdf").write_bytes(paper)


def main() -> None:
    if PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # Debian's Chromium; root, as in a container, has no sandbox of its own.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for environment in ENVIRONMENTS:
            file = render(str(pathlib.Path(sys.argv[1]).resolve()), environment, pathlib.Path(folder))
            look(browser, file, environment)
            on_paper(browser, file, environment)
        browser.close()
    print("report: accessible, by keyboard, on a telephone and on paper")


main()
