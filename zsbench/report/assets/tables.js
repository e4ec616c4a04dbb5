// Sorting and filtering of tables. Plain script: works from file://, no dependency.
"use strict";

(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function valueOf(row, index) {
    const cell = row.cells[index];
    const text = cell.dataset.value ?? cell.textContent.trim();
    const number = Number(text);
    return text !== "" && Number.isFinite(number) ? number : text;
  }

  function compare(a, b) {
    const empty = (value) => value === "" || value === "–";
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return collator.compare(String(a), String(b));
  }

  function sortBy(table, header) {
    const index = [...header.parentElement.cells].indexOf(header);
    const number = header.classList.contains("number");
    const before = header.getAttribute("aria-sort");
    const descending = before ? before === "ascending" : number;
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const known = (row) => !["", "–"].includes(String(valueOf(row, index)));
    const reported = (row) => row.classList.contains("reported");
    const rows = [...body.rows].sort((one, two) => {
      if (reported(one) !== reported(two)) return reported(one) ? 1 : -1; // never mixed with what was measured
      if (known(one) !== known(two)) return known(one) ? -1 : 1; // what has no value stays last
      const order = compare(valueOf(one, index), valueOf(two, index));
      return descending ? -order : order;
    });
    body.append(...rows);
  }

  function filter(table, words, count) {
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    const total = table.tBodies[0].rows.length;
    count.textContent = shown === total ? `${total} systems` : `${shown} of ${total} systems`;
  }

  for (const tools of document.querySelectorAll(".tools")) {
    const table = document.getElementById(tools.dataset.for);
    for (const header of table.tHead.rows[0].cells) {
      const button = header.querySelector("button");
      if (button) button.addEventListener("click", () => sortBy(table, header));
    }
    const input = tools.querySelector("[data-filter]");
    const count = tools.querySelector("[data-count]");
    input.addEventListener("input", () => {
      filter(table, input.value.toLowerCase().split(/\s+/).filter(Boolean), count);
    });
    const facts = tools.querySelector("[data-facts]");
    facts.addEventListener("click", () => {
      const hidden = table.classList.toggle("short");
      facts.setAttribute("aria-pressed", String(!hidden));
    });
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing) {
      const input = document.querySelector("[data-filter]");
      if (input) {
        event.preventDefault();
        input.focus();
      }
    }
  });
})();
