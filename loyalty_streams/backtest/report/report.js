// The report of a plan: draws the charts, lists the members, and switches language and theme. It reads the data block and the page, nothing else.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const page = document.documentElement;
  const at = (id) => document.getElementById(id);
  const PAGE = 50;
  const FONT = getComputedStyle(document.body).fontFamily;
  const charts = {};

  // ---- words, numbers, colours ----

  const say = (word, values = {}) =>
    data.words[page.lang][word].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const grouped = (n) => n.toLocaleString("en-US");
  const signed = (n) => (n < 0 ? grouped(n) : `+${grouped(n)}`);
  const colour = (name) => getComputedStyle(page).getPropertyValue(`--${name}`).trim();
  const tierName = (k) => data.tiers[k][page.lang];

  function money(minor) {
    const scale = 10 ** data.minor_digits;
    return (minor / scale).toLocaleString("en-US", { minimumFractionDigits: data.minor_digits, maximumFractionDigits: data.minor_digits });
  }

  function element(tag, text, classes = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    if (classes) made.className = classes;
    return made;
  }

  // ---- charts ----

  function draw(id, options, word) {
    const box = at(id);
    charts[id] = charts[id] || echarts.init(box, null, { renderer: "canvas" });
    box.setAttribute("aria-label", say(word));
    charts[id].setOption({ animation: false, textStyle: { fontFamily: FONT, color: colour("text") }, tooltip: tooltip(), ...options }, true);
  }

  const tooltip = () => ({
    trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" },
    backgroundColor: colour("panel"), borderColor: colour("line"), textStyle: { color: colour("text"), fontFamily: FONT },
  });

  const axis = (more) => ({
    axisLabel: { color: colour("muted"), hideOverlap: true, ...(more.axisLabel || {}) },
    axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colour("line") } }, nameTextStyle: { color: colour("muted") },
    ...Object.fromEntries(Object.entries(more).filter(([name]) => name !== "axisLabel")),
  });

  function stepName(step) {
    if (step.from === null) return `≤ ${grouped(step.until - 1)}`;
    if (step.until === null) return `≥ ${grouped(step.from)}`;
    return step.until === step.from + 1 ? grouped(step.from) : `${grouped(step.from)} … ${grouped(step.until - 1)}`;
  }

  function histogram() {
    const steps = data.histogram;
    const fill = (step) => (step.from === 0 ? "same" : step.until !== null && step.until <= 0 ? "lose" : "gain");
    draw("histogram", {
      grid: { left: steps.length > 8 ? 32 : 8, right: 16, top: 24, bottom: 8, containLabel: true },
      xAxis: axis({ type: "category", data: steps.map(stepName), axisLabel: { rotate: steps.length > 8 ? 40 : 0 } }),
      yAxis: axis({ type: "value", minInterval: 1, axisLabel: { formatter: grouped } }),
      series: [{
        type: "bar", barCategoryGap: "15%", barMaxWidth: 72, data: steps.map((step) => ({ value: step.members, itemStyle: { color: colour(fill(step)) } })),
        tooltip: { valueFormatter: grouped }, label: { show: page.clientWidth > 700, position: "top", color: colour("muted"), formatter: (p) => grouped(p.value) },
      }],
    }, "page.chart_points");
  }

  function course() {
    const { months, before, after } = data.course;
    const shown = data.course.money ? money : grouped;
    const round = (value) => shown(value).replace(/\.0+$/, "");
    const change = after.map((value, k) => value - before[k]);
    const line = (name, values, tint) => ({
      type: "line", name, data: values, color: tint, symbol: months.length > 1 ? "none" : "circle", lineStyle: { width: 2 },
      tooltip: { valueFormatter: shown },
    });
    const left = { left: 8, right: 16, containLabel: true };
    draw("course", {
      legend: { top: 0, textStyle: { color: colour("text") }, data: [say("plan.column.before"), say("plan.column.after"), say("plan.column.delta")] },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: [{ ...left, top: 36, height: "50%" }, { ...left, bottom: 4, height: "28%" }],
      xAxis: [0, 1].map((k) => axis({ type: "category", data: months, gridIndex: k, axisLabel: { show: k === 1 } })),
      yAxis: [0, 1].map((k) => axis({ type: "value", gridIndex: k, splitNumber: k ? 2 : 4, axisLabel: { formatter: round } })),
      series: [
        line(say("plan.column.before"), before, colour("before")), line(say("plan.column.after"), after, colour("after")),
        {
          type: "bar", name: say("plan.column.delta"), xAxisIndex: 1, yAxisIndex: 1, barMaxWidth: 72, color: colour("gain"), tooltip: { valueFormatter: shown },
          data: change.map((value) => ({ value, itemStyle: { color: colour(value < 0 ? "lose" : "gain") } })),
        },
      ],
    }, "page.chart_course");
  }

  function sankey() {
    const stay = at("stayers").checked;
    const place = Object.fromEntries(data.tiers.map((tier, k) => [tier.id, k]));
    const cells = data.cells.map(([from, to, n]) => [place[from], place[to], n]).filter(([from, to]) => stay || from !== to);
    at("nobody-moves").hidden = data.cells.some(([from, to]) => from !== to);
    at("sankey").hidden = !cells.length;
    if (!cells.length) return;
    const tint = ([from, to]) => colour(from === to ? "same" : to > from ? "gain" : "lose");
    const sides = [["from", 0], ["to", 1]];
    const nodes = sides.flatMap(([side, k]) => [...new Set(cells.map((cell) => cell[k]))].sort((a, b) => b - a).map((tier) => ({
      name: `${side}:${tier}`, tier, depth: k, itemStyle: { color: colour("before") }, label: { position: k ? "left" : "right" },
    })));
    const total = (side, tier) => cells.filter((cell) => cell[side] === tier).reduce((sum, cell) => sum + cell[2], 0);
    draw("sankey", {
      tooltip: { ...tooltip(), trigger: "item", formatter: (p) => (p.dataType === "edge"
        ? `${tierName(p.data.cell[0])} → ${tierName(p.data.cell[1])}: ${grouped(p.data.value)}` : `${tierName(p.data.tier)}: ${grouped(p.value)}`) },
      series: [{
        type: "sankey", layoutIterations: 0, left: 8, right: 8, top: 8, bottom: 8, nodeWidth: 12, nodeGap: 14, draggable: false, data: nodes,
        links: cells.map((cell) => ({
          source: `from:${cell[0]}`, target: `to:${cell[1]}`, value: cell[2], cell, lineStyle: { color: tint(cell), opacity: cell[0] === cell[1] ? .35 : .65 },
        })),
        label: { color: colour("text"), fontFamily: FONT, formatter: (p) => `${tierName(p.data.tier)}  ${grouped(total(p.data.depth, p.data.tier))}` },
      }],
    }, "page.chart_tiers");
  }

  // ---- members ----

  const members = data.members;
  const COLUMNS = [
    { word: "plan.column.member", values: members.id, classes: "" },
    { word: "plan.column.before", values: members.before, classes: "number" },
    { word: "plan.column.after", values: members.before.map((points, k) => points + members.delta[k]), classes: "number" },
    { word: "plan.column.delta", values: members.delta, classes: "number" },
    { word: "plan.column.tier", values: members.to, classes: "tier" },
    { word: "plan.column.why", values: null, classes: "why" },
  ];
  const view = { column: -1, down: true, first: 0, rows: members.id.map((_, k) => k) };

  const why = (k) => members.why[page.lang][k] || "";
  const tiers = (k) => (members.from[k] === members.to[k] ? tierName(members.to[k]) : `${tierName(members.from[k])} → ${tierName(members.to[k])}`);
  const SHOWN = {
    all: () => true, gain: (k) => members.delta[k] > 0, lose: (k) => members.delta[k] < 0, moved: (k) => members.from[k] !== members.to[k],
  };

  function choose() {
    const words = at("search").value.trim().toLowerCase();
    const shown = SHOWN[at("show").value] || SHOWN.all;
    const found = (k) => `${members.id[k]} ${tiers(k)} ${why(k)}`.toLowerCase().includes(words);
    view.rows = members.id.map((_, k) => k).filter((k) => shown(k) && (!words || found(k)));
    if (view.column >= 0) {
      const { values } = COLUMNS[view.column];
      const sign = view.down ? -1 : 1;
      view.rows.sort((a, b) => sign * ((values[a] > values[b]) - (values[a] < values[b])) || a - b);
    }
    view.first = 0;
    list();
  }

  function row(k) {
    const made = document.createElement("tr");
    const delta = members.delta[k];
    const texts = [members.id[k], grouped(members.before[k]), grouped(members.before[k] + delta), signed(delta), tiers(k), why(k)];
    const cells = texts.map((text, n) => element("td", text, COLUMNS[n].classes));
    if (delta) cells[3].classList.add(delta < 0 ? "lose" : "gain");
    const days = members.shift[k];
    if (days !== null) cells[4].append(" ", element("span", say(days < 0 ? "page.earlier" : "page.later", { days: grouped(Math.abs(days)) }), "shift"));
    made.setAttribute("role", "row");
    cells.forEach((cell) => cell.setAttribute("role", "cell"));
    made.append(...cells);
    return made;
  }

  function list() {
    const { rows, first } = view;
    at("member-rows").replaceChildren(...rows.slice(first, first + PAGE).map(row));
    const last = Math.min(first + PAGE, rows.length);
    at("range").textContent = rows.length ? say("page.range", { first: grouped(first + 1), last: grouped(last), n: grouped(rows.length) }) : say("page.range_none");
    at("previous").disabled = first === 0;
    at("next").disabled = last === rows.length;
  }

  function heads() {
    at("member-heads").replaceChildren(...COLUMNS.map((column, k) => {
      const head = element("th", "", column.classes);
      head.setAttribute("role", "columnheader");
      head.scope = "col";
      head.setAttribute("aria-sort", view.column !== k ? "none" : view.down ? "descending" : "ascending");
      if (!column.values) {
        head.textContent = say(column.word);
        return head;
      }
      const button = element("button", say(column.word));
      button.type = "button";
      button.addEventListener("click", () => sort(k));
      head.append(button);
      return head;
    }));
  }

  function sort(k) {
    view.down = view.column === k ? !view.down : k > 0;
    view.column = k;
    heads();
    at("member-heads").children[k].querySelector("button").focus();
    choose();
  }

  function turn(pages) {
    view.first = Math.max(0, view.first + pages * PAGE);
    list();
  }

  // ---- switches ----

  function choices() {
    const kept = at("show").value || "all";
    at("show").replaceChildren(...Object.keys(SHOWN).map((name) => Object.assign(element("option", say(`page.show_${name}`)), { value: name })));
    at("show").value = kept;
  }

  function drawAll() {
    histogram();
    course();
    sankey();
  }

  function speak(language) {
    page.lang = language;
    choices();
    heads();
    list();
    drawAll();
  }

  const dark = () => (page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);

  function paint() {
    at("theme").setAttribute("aria-pressed", String(dark()));
    drawAll();
  }

  at("language").addEventListener("click", () => speak(page.lang === "en" ? "zh" : "en"));
  at("theme").addEventListener("click", () => {
    page.dataset.theme = dark() ? "light" : "dark";
    paint();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  at("stayers").addEventListener("change", sankey);
  at("search").addEventListener("input", choose);
  at("show").addEventListener("change", choose);
  at("previous").addEventListener("click", () => turn(-1));
  at("next").addEventListener("click", () => turn(1));
  new ResizeObserver(() => Object.values(charts).forEach((chart) => chart.resize())).observe(document.body);

  at("stayers").checked = data.stayers;
  speak(page.lang);
  paint();
})();
