"use strict";
// The page decides nothing: every verdict, way and table is looked up in what the routing model has computed.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const NOT_COMPUTED = -1;
  const FEW = 100;
  const SIGNS = { ENCRYPTED: "●", CLEARTEXT: "▲", INCONCLUSIVE: "?", LOOP: "↻", BLACKHOLE: "✕" };

  const byId = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const shown = new Map([...document.querySelectorAll(".network [data-part]")].map((item) => [item.dataset.part, item]));
  const part = (number) => shown.get(data.parts[number]);
  const details = new Map();
  for (const [key, element] of shown) {
    const text = element.querySelector(":scope > .end");
    if (text) details.set(key, [text, text.textContent]);
  }

  const word = byId("reset").dataset.given;
  let chosen = null; // number of a flow
  let everyRow = false;

  const setting = () =>
    data.switches.reduce((sum, item, index) => {
      const picked = document.querySelector(`input[name="switch-${index}"]:checked`);
      return sum * item.values.length + Number(picked.value);
    }, 0);
  const failure = () => Number(byId("failed").value);
  const rowsOf = (state) => data.lists[state[0]].map((row) => data.rows[row]);
  const given = new Map(rowsOf(data.states[data.settings[data.current].states[0]]));

  const chip = (verdict) => {
    const element = make("span", { class: `chip v-${verdict}` });
    if (SIGNS[verdict]) element.append(make("span", { "aria-hidden": "true" }, `${SIGNS[verdict]} `));
    element.append(verdict);
    return element;
  };
  const verdictText = (fate) => {
    const more = [];
    if (new Set(fate.phases).size > 1) more.push(`oscillates: ${fate.phases.join(", ")}`);
    if (fate.beneath) more.push(`would be ${fate.beneath}`);
    if (fate.asymmetric) more.push("asymmetric");
    return more.join("; ");
  };

  function current() {
    const number = data.settings[setting()].states[failure()];
    return number < 0 ? null : data.states[number];
  }

  function render() {
    const settings = data.settings[setting()];
    [...byId("failed").options].forEach((option, index) => {
      const missing = settings.states[index] < 0;
      const why = settings.states[index] === NOT_COMPUTED ? "not computed" : "not built";
      option.textContent = index === 0 ? "nothing" : data.failures[index - 1].name + (missing ? ` (${why})` : "");
      option.disabled = missing && index !== failure();
    });
    const state = current();
    renderSummary(settings, state);
    renderDrawing(settings, state);
    renderFlows(state);
    renderTables(state);
    renderWay(state);
  }

  function renderSummary(settings, state) {
    const words = data.switches.map((item, index) => {
      const picked = document.querySelector(`input[name="switch-${index}"]:checked`);
      return `${item.name} ${item.values[Number(picked.value)]}`;
    });
    words.push(failure() ? `${data.failures[failure() - 1].name} failed` : "nothing failed");
    const line = byId("summary");
    line.replaceChildren(make("span", {}, `${words.join(", ")}: `));
    if (!state) {
      const why = settings.states[failure()] === NOT_COMPUTED ? "not computed" : "with these settings this element is not built";
      line.append(make("b", {}, why));
      return;
    }
    const counts = new Map();
    for (const [, fate] of rowsOf(state)) {
      const verdict = data.fates[fate].verdict;
      counts.set(verdict, (counts.get(verdict) || 0) + 1);
    }
    for (const verdict of data.verdicts.filter((item) => counts.has(item))) {
      line.append(make("b", { class: `count v-${verdict}` }, String(counts.get(verdict)), " ", chip(verdict)), " ");
    }
    if (!counts.size) line.append(make("b", {}, "no flow"));
    if (state[2] > 1) line.append(make("b", {}, `Routing oscillates through ${state[2]} phases; the worst counts.`));
  }

  function renderDrawing(settings, state) {
    for (const [key, element] of shown) {
      for (const name of [...element.classList].filter((item) => item.startsWith("v-"))) element.classList.remove(name);
      element.classList.remove("is-way", "is-failed", "is-unbuilt");
      if (details.has(key)) details.get(key)[0].textContent = details.get(key)[1];
    }
    for (const [number, text] of settings.details) {
      const entry = details.get(data.parts[number]);
      if (entry) entry[0].textContent = text;
    }
    for (const number of settings.absent) part(number)?.classList.add("is-unbuilt");
    if (failure()) for (const number of data.failures[failure() - 1].parts) part(number)?.classList.add("is-failed");
    const fate = state && chosen !== null ? fateOf(state) : null;
    document.querySelector(".network").classList.toggle("has-way", Boolean(fate && fate.ways.length));
    if (!fate) return;
    for (const way of fate.ways) {
      for (const number of data.ways[way].parts) part(number)?.classList.add("is-way", `v-${fate.verdict}`);
    }
  }

  const fateOf = (state) => {
    const row = rowsOf(state).find(([flow]) => flow === chosen);
    return row ? data.fates[row[1]] : null;
  };

  function renderFlows(state) {
    const wanted = byId("filter").value.trim().toLowerCase();
    const text = (flow, fate) => `${fate.verdict} ${flow.from} ${flow.to} ${flow.prefixes.join(" ")} ${flow.intent}`.toLowerCase();
    const rows = (state ? rowsOf(state) : [])
      .filter(([flow, fate]) => !wanted || text(data.flows[flow], data.fates[fate]).includes(wanted))
      .sort((a, b) => data.verdicts.indexOf(data.fates[a[1]].verdict) - data.verdicts.indexOf(data.fates[b[1]].verdict));
    const kept = everyRow ? rows : rows.slice(0, FEW);
    const body = document.querySelector("#flow-table tbody");
    body.replaceChildren(...kept.map(([flow, fate]) => flowRow(flow, data.flows[flow], data.fates[fate])));
    byId("counted").textContent = state ? `${rows.length} of ${rowsOf(state).length}${kept.length < rows.length ? `, the first ${FEW} shown` : ""}` : "";
    byId("more").hidden = kept.length === rows.length;
    byId("more").textContent = `Show all ${rows.length}`;
  }

  function flowRow(number, flow, fate) {
    const button = make("button", { type: "button", class: "flow", "aria-pressed": String(number === chosen) }, chip(fate.verdict));
    button.setAttribute("aria-label", `${fate.verdict}: ${flow.from} to ${flow.to}. Show the way.`);
    const before = given.has(number) ? data.fates[given.get(number)].verdict : null;
    const notes = [verdictText(fate)];
    if (before === null) notes.push(`not a flow of its own ${word}`);
    else if (before !== fate.verdict) notes.push(`${word} ${before}`);
    const note = notes.filter(Boolean).join("; ");
    const mode = flow.intent ? make("small", {}, `${flow.intent}${flow.mode ? `, ${flow.mode}` : ""}`) : null;
    const row = make(
      "tr",
      { "data-flow": String(number), "data-verdict": fate.verdict, class: number === chosen ? "is-chosen" : "" },
      make("td", {}, button, note ? make("small", {}, note) : null),
      make("td", {}, flow.from, mode),
      make("td", {}, flow.to),
      make("td", {}, fate.underlay.join(", ")),
    );
    row.addEventListener("click", () => choose(number === chosen ? null : number));
    return row;
  }

  function choose(number) {
    chosen = number;
    const state = current();
    const before = document.activeElement?.closest("[data-flow]")?.dataset.flow;
    renderDrawing(data.settings[setting()], state);
    renderFlows(state);
    renderWay(state);
    if (before) document.querySelector(`[data-flow="${before}"] button`)?.focus();
  }

  function renderWay(state) {
    const body = byId("way-body");
    byId("way").classList.toggle("is-open", chosen !== null);
    if (chosen === null) {
      body.replaceChildren(make("p", { class: "hint" }, "Choose a flow: its way is marked in the drawing, and each hop is listed here with the route that wins, the rule, and what it beats. Esc closes it."));
      return;
    }
    const flow = data.flows[chosen];
    const close = make("button", { type: "button", class: "close", "aria-label": "Close" }, "Close");
    close.addEventListener("click", () => unchoose());
    const heading = make("p", { class: "ends" }, make("b", {}, flow.from), " → ", make("b", {}, flow.to), close);
    const fate = state ? fateOf(state) : null;
    if (!fate) {
      const why = state ? "With these settings this flow is not one of its own." : "This state is not computed, or not there.";
      body.replaceChildren(heading, make("p", {}, why));
      return;
    }
    const about = [fate.underlay.length ? `over ${fate.underlay.join(", ")}` : "", verdictText(fate), `evidence: ${fate.evidence}`];
    if (fate.assumed.length) about.push(`assumes ${fate.assumed.join(", ")}`);
    body.replaceChildren(
      heading,
      make("p", {}, chip(fate.verdict), ` ${about.filter(Boolean).join("; ")}`),
      make("p", {}, fate.why),
      ...fate.ways.map((way, index) => wayBlock(data.ways[way], index, fate.ways.length)),
    );
  }

  function wayBlock(way, index, count) {
    const list = make("ol", { class: "hops" }, ...way.hops.map((hop) => hopItem(data.hops[hop])));
    const block = make("details", { class: "way" }, make("summary", {}, count > 1 ? `Way ${index + 1} of ${count}, equally good` : "The way"), list, make("p", { class: "hint" }, `End: ${way.end}. ${way.why}`));
    if (index === 0) block.open = true;
    return block;
  }

  function hopItem(hop) {
    const came = hop.address ? ` reached as ${hop.address}` : "";
    const item = make("li", {}, make("b", {}, hop.name), make("span", { class: "hint" }, ` ${hop.place}${came}`));
    if (hop.route !== null) {
      const route = data.routes[hop.route];
      const hops = route.nextHops.length ? ` via ${route.nextHops.join(", ")}` : "";
      item.append(make("p", { class: "route" }, make("code", {}, `${route.prefix}${hops}`), ` ${route.origin}`));
      const fact = data.facts[route.rule];
      item.append(make("p", { class: "rule" }, make("b", {}, route.rule), fact ? `: ${fact.statement} ` : "", fact ? make("span", { class: "hint" }, `${fact.source}; ${fact.grade}`) : null));
      if (route.beaten.length) {
        item.append(make("details", {}, make("summary", {}, `beats ${route.beaten.length} route${route.beaten.length === 1 ? "" : "s"}`), make("ul", {}, ...route.beaten.map((text) => make("li", {}, make("code", {}, text))))));
      }
    }
    if (hop.carrier) item.append(make("p", { class: "onto" }, `then ${hop.carrier}${hop.tunnel ? `, tunnel ${hop.tunnel}` : ""}`));
    return item;
  }

  function renderTables(state) {
    const select = byId("table");
    const kept = select.value;
    const tables = state ? data.sets[state[1]].map((number) => data.tables[number]) : [];
    const kinds = [["effective", "Effective routes"], ["learned", "Learned by gateways"]];
    select.replaceChildren(
      ...kinds.map(([kind, title]) =>
        make("optgroup", { label: title }, ...tables.filter((table) => table[0] === kind).map((table) => make("option", { value: `${kind} ${table[1]}` }, table[1]))),
      ),
    );
    if ([...select.options].some((option) => option.value === kept)) select.value = kept;
    renderTable(tables);
  }

  function renderTable(tables) {
    const table = tables.find((item) => `${item[0]} ${item[1]}` === byId("table").value);
    const lines = table ? table[2].map((line) => data.lines[line]) : [];
    const cells = (line, tag) => make("tr", {}, ...line.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));
    document.querySelector("#route-table thead").replaceChildren(...lines.slice(0, 1).map((line) => cells(line, "th")));
    document.querySelector("#route-table tbody").replaceChildren(...lines.slice(1).map((line) => cells(line, "td")));
  }

  function unchoose() {
    const number = chosen;
    choose(null);
    document.querySelector(`[data-flow="${number}"] button`)?.focus();
  }

  const filterBy = (name) => {
    byId("filter").value = byId("filter").value === name ? "" : name;
    renderFlows(current());
  };

  byId("switches").addEventListener("change", render);
  byId("switches").addEventListener("submit", (event) => event.preventDefault());
  byId("switches").addEventListener("reset", () => setTimeout(render));
  byId("filter").addEventListener("input", () => renderFlows(current()));
  byId("more").addEventListener("click", () => {
    everyRow = true;
    renderFlows(current());
  });
  byId("table").addEventListener("change", () => renderTable(data.sets[current()[1]].map((number) => data.tables[number])));
  for (const card of document.querySelectorAll(".network .card[data-name]")) {
    if (!card.dataset.name) continue;
    card.addEventListener("click", () => filterBy(card.dataset.name));
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      filterBy(card.dataset.name);
    });
  }
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.addEventListener("click", () => filterBy(button.dataset.filter));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen !== null) unchoose();
  });
  render();
})();
