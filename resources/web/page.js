// The clock, the controls, and what is under the mouse: as explorer/panels/clock.py and
// transport.py.

const RUN = 6; // seconds from end to end at speed 1
const HOLD = 1.2; // seconds at the end, before it starts over
const LONGEST_STEP = 0.1; // seconds; after a stall the picture goes on, it does not leap
const SAME = 4e-3; // data units within which two particles are one
const SCRUB = 10000;

const $ = (id) => document.getElementById(id);
const quiet = window.matchMedia("(prefers-reduced-motion: reduce)");

class Page {
  constructor(panels, words) {
    this.panels = panels;
    this.words = words;
    this.tau = 0;
    this.held = 0;
    this.speed = 1;
    this.playing = false;
    this.direction = "generate";
    this.hovered = null;
    this.followed = -1;
    this.asked = false;
    this.last = null;
    const longest = panels.reduce((most, panel) => Math.max(most, panel.layers), 0);
    this.parts = longest || 4;
    this.layered = longest > 0;
  }

  start() {
    const directions = this.panels.flatMap((panel) => Object.keys(panel.ways));
    this.build(new Set(directions));
    this.turn(directions.includes("generate") ? "generate" : "normalize");
    if (quiet.matches) this.seek(this.end);
    else this.play(true);
  }

  get begin() {
    return this.direction === "generate" ? 0 : 1;
  }

  get end() {
    return 1 - this.begin;
  }

  // --- what it does ---------------------------------------------------------------------------

  play(on) {
    this.playing = on;
    if (on && this.tau === this.end) this.held = HOLD;
    document.documentElement.classList.toggle("playing", on);
    const text = on ? this.words.pause : this.words.play;
    $("play").title = text;
    $("play").setAttribute("aria-label", text);
    this.wake();
  }

  seek(tau) {
    this.held = 0;
    this.tau = Math.min(Math.max(tau, 0), 1);
    this.wake();
  }

  go(tau) {
    this.play(false);
    this.seek(tau);
  }

  // Hold at the mark before or after this moment.
  step(towards) {
    const place = this.tau * this.parts;
    const mark = towards > 0 ? Math.floor(place + 1e-6) + 1 : Math.ceil(place - 1e-6) - 1;
    this.go(mark / this.parts);
  }

  turn(direction) {
    this.direction = direction;
    for (const name of ["generate", "normalize"]) {
      $(name).setAttribute("aria-pressed", String(name === direction));
    }
    this.panels.forEach((panel) => panel.turn(direction));
    this.seek(this.begin);
  }

  // --- frames ---------------------------------------------------------------------------------

  wake() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame((now) => this.frame(now / 1000));
  }

  frame(now) {
    this.asked = false;
    if (this.playing) {
      const passed = this.last === null ? 0 : Math.min(now - this.last, LONGEST_STEP);
      this.advance(passed);
      this.last = now;
      this.wake();
    } else {
      this.last = null;
    }
    const forward = this.direction === "generate";
    for (const panel of this.panels) {
      if (panel.visible) panel.draw(this.tau, forward, this.same(panel) ? this.followed : -1);
    }
    this.tell();
  }

  advance(passed) {
    if (this.tau === this.end) {
      this.held += passed;
      if (this.held >= HOLD) [this.held, this.tau] = [0, this.begin];
      return;
    }
    const step = ((passed * this.speed) / RUN) * Math.sign(this.end - this.begin);
    this.tau = Math.min(Math.max(this.tau + step, 0), 1);
  }

  tell() {
    const scrub = $("scrub");
    const value = String(Math.round(SCRUB * this.tau));
    if (scrub.value !== value) scrub.value = value;
    scrub.style.setProperty("--done", `${100 * this.tau}%`);
    if (!this.playing) scrub.setAttribute("aria-valuetext", this.panels[0].placed.textContent);
    for (const panel of this.panels) this.tellReading(panel);
  }

  // Under the mouse what is there; in the other panels, where the followed particle is.
  tellReading(panel) {
    const tau = panel.pace(this.tau);
    let text = panel.data.caption || this.words.hover;
    if (this.hovered && panel === this.hovered.panel) {
      text = panel.read(this.hovered.at, tau, this.followed);
    } else if (this.same(panel)) {
      text = panel.read(panel.picture.place(this.followed, tau), tau, this.followed);
    }
    if (panel.reading.textContent !== text) panel.reading.textContent = text;
  }

  // --- the mouse ------------------------------------------------------------------------------

  hover(panel, event) {
    const at = panel.picture.toData(event);
    this.hovered = { panel, at };
    this.followed = panel.picture.nearest(at, panel.pace(this.tau));
    this.wake();
  }

  leave() {
    this.hovered = null;
    this.followed = -1;
    this.wake();
  }

  // Whether a panel's particle began where the followed one did.
  same(panel) {
    if (this.followed < 0 || !this.hovered) return false;
    const [own, other] = [panel, this.hovered.panel].map((each) =>
      each.picture.place(this.followed, this.begin),
    );
    return Math.hypot(own.x - other.x, own.y - other.y) < SAME;
  }

  // --- what it is made of ---------------------------------------------------------------------

  build(directions) {
    for (const panel of this.panels) {
      $("panels").append(panel.element);
      panel.canvas.addEventListener("pointermove", (event) => this.hover(panel, event));
      panel.canvas.addEventListener("pointerdown", (event) => this.hover(panel, event));
      panel.canvas.addEventListener("pointerleave", () => this.leave());
      if (panel.layers) $("layers").append(this.list(panel));
    }
    document.documentElement.style.setProperty("--count", String(Math.min(this.panels.length, 2)));
    this.watch();
    this.mark();
    $("first").addEventListener("click", () => this.go(0));
    $("last").addEventListener("click", () => this.go(1));
    $("back").addEventListener("click", () => this.step(-1));
    $("on").addEventListener("click", () => this.step(1));
    $("play").addEventListener("click", () => this.play(!this.playing));
    $("scrub").addEventListener("input", (event) => this.go(event.target.value / SCRUB));
    $("speed").addEventListener("change", (event) => (this.speed = Number(event.target.value)));
    $("directions").hidden = directions.size < 2;
    for (const name of ["generate", "normalize"]) {
      $(name).addEventListener("click", () => this.turn(name));
    }
    document.addEventListener("keydown", (event) => this.press(event));
  }

  watch() {
    const sizes = new ResizeObserver(() => this.wake());
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        this.panels.find((panel) => panel.canvas === entry.target).visible = entry.isIntersecting;
      }
      this.wake();
    });
    for (const panel of this.panels) {
      sizes.observe(panel.canvas);
      seen.observe(panel.canvas);
    }
  }

  // Say below the line what lies where.
  mark() {
    const every = Math.ceil(this.parts / 16);
    for (let k = 0; k <= this.parts; k++) {
      const atEnd = k === 0 || k === this.parts;
      if (!atEnd && (!this.layered || k % every || this.parts - k < every)) continue;
      const text = k === 0 ? this.words.base : k === this.parts ? this.words.target : String(k);
      const label = made("span", k === 0 ? "from" : atEnd ? "to" : "", text);
      label.style.left = `${(100 * k) / this.parts}%`;
      $("marks").append(label);
    }
    new ResizeObserver(() => this.thinMarks()).observe($("marks"));
  }

  // Leave out what would stand in another mark's way; the ends always stay.
  thinMarks() {
    const labels = [...$("marks").children];
    const boxes = labels.map((label) => label.getBoundingClientRect());
    let right = boxes[0].right;
    for (let k = 1; k < labels.length - 1; k++) {
      const fits = boxes[k].left > right + 6 && boxes[k].right < boxes[labels.length - 1].left - 6;
      labels[k].style.visibility = fits ? "visible" : "hidden";
      if (fits) right = boxes[k].right;
    }
  }

  list(panel) {
    const section = made("div", "stack");
    section.append(made("h3", panel.data.lane, `${panel.data.title.split(" · ")[0]} · ${this.words.layers}`));
    const list = made("ol");
    const card = (text, tau) => {
      const item = made("li");
      const button = made("button", "layer", text);
      button.type = "button";
      button.addEventListener("click", () => this.go(tau));
      item.append(button);
      list.append(item);
      return button;
    };
    card(this.words.base_name, 0).classList.add("base");
    panel.cards = panel.data.layers.map((name, k) => card(`${k + 1} ${name}`, (k + 1) / panel.layers));
    section.append(list);
    return section;
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const tag = event.target.tagName;
    if (tag === "SELECT" || (tag === "BUTTON" && (event.key === " " || event.key === "Enter"))) return;
    const act = {
      " ": () => this.play(!this.playing),
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      Home: () => this.go(0),
      End: () => this.go(1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

function followTheme() {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
}

let page = null;

async function open() {
  const data = JSON.parse($("data").textContent);
  const tables = {};
  for (const [name, table] of Object.entries(data.tables)) {
    tables[name] = bytesOf(await inflated(table.letters));
  }
  const panels = [];
  for (const panel of data.panels) {
    const ways = {};
    for (const [direction, way] of Object.entries(panel.ways)) ways[direction] = await readWay(way);
    const outline = Float32Array.from(await readSteps(panel.outline), (k) => k * panel.outline.step);
    panels.push(new Panel(panel, ways, outline, tables, data.inks, data.words));
  }
  page = new Page(panels, data.words);
  page.start();
  document.fonts.ready.then(() => page.wake()); // the panels' letters may have been drawn before
}

followTheme();
open().catch((error) => {
  $("trouble").hidden = false;
  $("trouble").append(` (${error.message})`);
});
