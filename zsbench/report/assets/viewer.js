// The sample viewer. Data arrive by script elements, so that file:// works; text is only ever set as text.
"use strict";

(() => {
  const PAGE = 24;
  const CHOSEN = 4;
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const byId = (id) => document.getElementById(id);
  const loaded = new Map();
  const waiting = new Map();
  let examples = [];
  let chosen = facts.systems.length ? [0] : [];
  let page = 0;

  globalThis.zsbenchData = (name, content) => {
    loaded.set(name, content);
    waiting.get(name)?.(content);
  };

  function load(name, file) {
    if (loaded.has(name)) return Promise.resolve(loaded.get(name));
    return new Promise((resolve, reject) => {
      waiting.set(name, resolve);
      const script = document.createElement("script");
      script.src = `../data/${file}`;
      script.addEventListener("error", () => reject(new Error(`${file} cannot be loaded`)));
      document.head.append(script);
    });
  }

  const system = (number) => loaded.get(`system-${number}`);
  const metric = () => Number(byId("metric").value || 0);

  function score(number, place) {
    const row = system(number)?.scores[place];
    return row ? row[metric()] : null;
  }

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") made.className = value;
      else if (key === "text") made.textContent = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function change(place) {
    if (chosen.length < 2) return null;
    const before = score(chosen[0], place);
    const after = score(chosen[1], place);
    return before === null || after === null ? null : after - before;
  }

  function matches(example, place) {
    for (const select of document.querySelectorAll("#groups select")) {
      if (select.value && example.groups[select.dataset.grouping] !== select.value) return false;
    }
    const texts = chosen.map((number) => system(number)?.predictions[place] ?? "");
    if (byId("changed").checked && new Set(texts).size < 2) return false;
    const word = byId("search").value.trim().toLowerCase();
    return !word || [example.id, example.question, ...example.references, ...texts].some((t) => t.toLowerCase().includes(word));
  }

  const ORDERS = {
    "as in the task": null,
    "lowest score": (place) => score(chosen[0], place),
    "highest score": (place) => -(score(chosen[0], place) ?? -Infinity),
    "largest loss": (place) => change(place),
    "largest gain": (place) => -(change(place) ?? -Infinity),
    "widest spread": (place) => {
      const known = chosen.map((number) => score(number, place)).filter((value) => value !== null);
      return known.length ? Math.min(...known) - Math.max(...known) : null;
    },
  };

  function select() {
    const places = examples.map((_, place) => place).filter((place) => matches(examples[place], place));
    const key = ORDERS[byId("order").value];
    if (!key) return places;
    const worth = new Map(places.map((place) => [place, key(place) ?? Infinity]));
    return places.sort((a, b) => (worth.get(a) === worth.get(b) ? a - b : worth.get(a) - worth.get(b)));
  }

  function bar(value, highest) {
    const share = highest > 0 ? Math.max(0, Math.min(1, value / highest)) : 0;
    const fill = element("i");
    fill.style.width = `${(100 * share).toFixed(1)}%`;
    return element("span", { class: "bar", "aria-hidden": "true" }, fill);
  }

  function prediction(number, place, highest) {
    const text = system(number).predictions[place];
    const head = element("div", { class: "who" }, element("b", { text: facts.systems[number].label }));
    const box = element("div", { class: text === null ? "said none" : "said" }, head);
    box.append(element("p", { dir: "auto", text: text ?? "no prediction" }));
    const values = system(number).scores[place];
    if (!values) return box;
    const shown = values[metric()];
    const line = element("div", { class: "values" });
    facts.metrics.forEach(({ title }, index) => {
      const value = values[index] === null ? "–" : values[index].toFixed(1);
      line.append(element("span", { class: index === metric() ? "on" : "", text: `${title} ${value}` }));
    });
    if (shown !== null) box.append(bar(shown, highest));
    box.append(line);
    if (number !== chosen[0] && shown !== null && score(chosen[0], place) !== null) {
      const delta = shown - score(chosen[0], place);
      const sign = delta > 0 ? "gain" : delta < 0 ? "loss" : "same";
      head.append(element("span", { class: `delta ${sign}`, text: (delta >= 0 ? "+" : "−") + Math.abs(delta).toFixed(1) }));
    }
    return box;
  }

  const SVG = "http://www.w3.org/2000/svg";
  const looker = () => (byId("regions").value === "" ? null : Number(byId("regions").value));

  function shape(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }

  // The part of a picture, in its pixels, that the encoder's square stands for.
  function view(fit, width, height) {
    if (fit === "squash") return { x: 0, y: 0, width, height };
    const side = fit === "crop" ? Math.min(width, height) : Math.max(width, height);
    return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
  }

  function overlay(label, [side, fit, cells, weights], { naturalWidth: width, naturalHeight: height }) {
    const drawn = shape("svg", { class: "regions", viewBox: `0 0 ${width} ${height}`, role: "img" });
    const title = shape("title", {});
    const first = cells[weights.indexOf(Math.max(...weights))];
    title.textContent = `${label} selected ${cells.length} of ${side * side} cells; most weight: row ${Math.floor(first / side) + 1}, column ${(first % side) + 1}`;
    const seen = view(fit, width, height);
    drawn.append(title, shape("rect", { class: "seen", ...seen }));
    const highest = Math.max(...weights) || 1;
    cells.forEach((cell, index) => {
      const box = { width: seen.width / side, height: seen.height / side };
      const place = { x: seen.x + (cell % side) * box.width, y: seen.y + Math.floor(cell / side) * box.height };
      drawn.append(shape("rect", { class: "cell", ...place, ...box, "fill-opacity": (0.15 + 0.5 * (weights[index] / highest)).toFixed(2) }));
    });
    return drawn;
  }

  function picture(example, place) {
    if (!example.image) return element("div", { class: "picture gone", text: "no image" });
    const image = element("img", { src: `../${example.image}`, loading: "lazy", alt: `Image of example ${example.id}` });
    const frame = element("div", { class: "picture" }, image);
    image.addEventListener("error", () => frame.replaceWith(element("div", { class: "picture gone", text: "no image" })));
    const number = looker();
    const regions = number === null ? null : system(number)?.regions[place];
    if (regions) image.addEventListener("load", () => frame.append(overlay(facts.systems[number].label, regions, image)));
    return frame;
  }

  function offerRegions() {
    const select = byId("regions");
    const before = select.value;
    const able = chosen.filter((number) => system(number)?.regions.length);
    select.replaceChildren(element("option", { value: "", text: "nobody" }));
    for (const number of able) select.append(element("option", { value: String(number), text: facts.systems[number].label }));
    select.value = able.includes(Number(before)) && before !== "" ? before : "";
    for (const id of ["looked", "regionkey"]) byId(id).hidden = !able.length;
    byId("legend").hidden = select.value === "";
  }

  function turnRegions() {
    const select = byId("regions");
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    showRegions();
  }

  function showRegions() {
    byId("legend").hidden = byId("regions").value === "";
    draw();
  }

  function card(place, highest) {
    const example = examples[place];
    const side = element("div", { class: "side" }, picture(example, place));
    const tags = element("div", { class: "tags" }, element("code", { text: example.id }));
    for (const group of Object.values(example.groups)) tags.append(element("span", { class: "tag", text: group }));
    side.append(tags);
    const main = element("div", { class: "mainpart" });
    if (example.question) main.append(element("p", { class: "question", dir: "auto", text: example.question }));
    main.append(element("div", { class: "said-grid" }, ...chosen.map((number) => prediction(number, place, highest))));
    if (example.references.length) {
      const list = element("ul");
      for (const text of new Set(example.references)) list.append(element("li", { dir: "auto", text }));
      const label = example.question ? "Human answers" : "References";
      main.append(element("details", {}, element("summary", { text: `${label} (${example.references.length})` }), list));
    }
    return element("article", { class: "sample", tabindex: "0", "data-id": example.id }, side, main);
  }

  function draw() {
    const places = select();
    const pages = Math.max(1, Math.ceil(places.length / PAGE));
    page = Math.max(0, Math.min(page, pages - 1));
    const shown = places.slice(page * PAGE, (page + 1) * PAGE);
    const all = chosen.flatMap((number) => examples.map((_, place) => score(number, place) ?? 0));
    const highest = all.reduce((a, b) => Math.max(a, b), 0);
    const target = byId("samples");
    target.replaceChildren(...shown.map((place) => card(place, highest)));
    if (!shown.length) target.append(element("p", { class: "remark", text: "Nothing matches. Loosen a filter." }));
    target.setAttribute("aria-busy", "false");
    byId("where").textContent = `${places.length} of ${examples.length} examples · page ${page + 1} of ${pages}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page >= pages - 1;
  }

  function restart() {
    page = 0;
    draw();
  }

  function turn(step) {
    page += step;
    draw();
    byId("samples").scrollIntoView({ block: "nearest" });
  }

  async function choose(number, on) {
    const after = on ? [...chosen, number].slice(-CHOSEN) : chosen.filter((other) => other !== number);
    await Promise.all(after.map((one) => load(`system-${one}`, facts.systems[one].file)));
    chosen = after;
    for (const box of document.querySelectorAll("#systems input")) {
      const place = chosen.indexOf(Number(box.value));
      box.checked = place >= 0;
      box.closest("label").dataset.place = place >= 0 ? String(place + 1) : "";
    }
    offerRegions();
    restart();
  }

  function fillControls() {
    const newest = new Set();
    facts.systems.forEach(({ label, revision }, number) => {
      const box = element("input", { type: "checkbox", value: String(number) });
      box.addEventListener("change", () => choose(number, box.checked));
      const name = newest.has(label) ? `${label} @ ${revision}` : label;
      if (newest.has(label)) facts.systems[number].label = name;
      newest.add(label);
      byId("systems").append(element("label", { class: "chip" }, box, element("span", { text: name })));
    });
    for (const name of Object.keys(ORDERS)) byId("order").append(element("option", { text: name }));
    facts.metrics.forEach(({ title }, index) => byId("metric").append(element("option", { value: String(index), text: title })));
    for (const [grouping, groups] of Object.entries(facts.groupings)) {
      const choice = element("select", { "data-grouping": grouping }, element("option", { value: "", text: "all" }));
      for (const group of groups) choice.append(element("option", { value: group, text: group }));
      choice.addEventListener("change", restart);
      byId("groups").append(element("label", {}, element("span", { text: grouping }), choice));
    }
    for (const id of ["order", "metric", "changed"]) byId(id).addEventListener("change", restart);
    byId("regions").addEventListener("change", showRegions);
    byId("search").addEventListener("input", restart);
    byId("previous").addEventListener("click", () => turn(-1));
    byId("next").addEventListener("click", () => turn(1));
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowRight" && !byId("next").disabled) turn(1);
    else if (event.key === "ArrowLeft" && !byId("previous").disabled) turn(-1);
    else if (event.key === "r" && !byId("looked").hidden) turnRegions();
    else if (event.key === "/") {
      event.preventDefault();
      byId("search").focus();
    }
  });

  async function start() {
    fillControls();
    examples = await load("examples", facts.examples);
    chosen = [];
    for (const number of facts.systems.map((_, place) => place).slice(0, 3)) await choose(number, true);
    if (!facts.systems.length) draw();
  }

  start().catch((error) => {
    byId("samples").replaceChildren(element("p", { class: "remark", text: `The samples cannot be shown: ${error.message}.` }));
  });
})();
