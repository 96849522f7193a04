// Values over the last seconds on a canvas, one line for each name; requested values are dashed.

const SPAN = 20; // [s]
const LEFT = 46, BOTTOM = 16, TOP = 6, RIGHT = 6; // [px]

export class TimePlot {
  constructor({ title, unit, names, indices }, dashedIsRequested) {
    this.names = names;
    this.indices = indices;
    this.rows = []; // {time, solid, dashed}
    this.element = document.createElement("figure");
    this.element.className = "plot card";
    const caption = document.createElement("figcaption");
    const heading = document.createElement("h2");
    heading.textContent = `${title}${unit === "1" ? "" : ` [${unit}]`}`;
    const legend = document.createElement("ul");
    this.values = names.map((name, index) => {
      const item = document.createElement("li"), value = document.createElement("b");
      item.style.setProperty("--line-colour", `var(--c${index % 7})`);
      item.append(name.replaceAll("_", " "), " ", value);
      legend.append(item);
      return value;
    });
    caption.append(heading, legend);
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${title} over the last ${SPAN} seconds` +
      (dashedIsRequested ? "; dashed: requested, solid: sent" : ""));
    this.element.append(caption, this.canvas);
  }

  /** Values of one moment [s]; either may be null. */
  push(time, solid, dashed) {
    const last = this.rows.at(-1)?.time;
    if (last === time) return;
    if (last > time) this.rows = []; // another run of the session
    const pick = vector => vector && this.indices.map(index => vector[index]);
    this.rows.push({ time, solid: pick(solid), dashed: pick(dashed) });
    while (this.rows[0].time < time - SPAN) this.rows.shift();
    this.values.forEach((value, index) => { value.textContent = this.rows.at(-1).solid?.[index]?.toFixed(2) ?? "–"; });
  }

  draw() {
    const { canvas, rows } = this, scale = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !rows.length) return;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const { low, high } = this.range(), end = rows.at(-1).time;
    const x = time => width - RIGHT - (end - time) / SPAN * (width - LEFT - RIGHT);
    const y = value => TOP + (high - value) / (high - low) * (height - TOP - BOTTOM);
    pen.font = `11px ${style.fontFamily}`;
    pen.fillStyle = style.getPropertyValue("--faint");
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    for (const value of [low, (low + high) / 2, high]) {
      const digits = high - low < .1 ? 3 : 2;
      pen.textAlign = "right";
      pen.fillText(value.toFixed(digits), LEFT - 5, y(value));
      line(pen, [[LEFT, y(value)], [width - RIGHT, y(value)]]);
    }
    pen.textBaseline = "alphabetic";
    for (const age of [0, SPAN / 2, SPAN]) {
      pen.textAlign = age === SPAN ? "left" : age ? "center" : "right";
      pen.fillText(age ? `−${age} s` : "now", x(end - age), height - 3);
    }
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, width - LEFT, height);
    pen.clip();
    pen.lineWidth = 1.6;
    pen.lineJoin = "round";
    this.names.forEach((_, index) => {
      pen.strokeStyle = style.getPropertyValue(`--c${index % 7}`);
      for (const [kind, dash] of [["dashed", [4, 3]], ["solid", []]]) {
        pen.setLineDash(dash);
        let points = [];
        for (const row of rows) {
          const value = row[kind]?.[index];
          if (Number.isFinite(value)) points.push([x(row.time), y(value)]);
          else { line(pen, points); points = []; } // a gap is a gap
        }
        line(pen, points);
      }
    });
    pen.restore();
    pen.setLineDash([]);
  }

  range() {
    let low = Infinity, high = -Infinity;
    for (const { solid, dashed } of this.rows) {
      for (const value of [...(solid ?? []), ...(dashed ?? [])]) {
        if (!Number.isFinite(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    if (low > high) return { low: -1, high: 1 };
    const room = Math.max(0.08 * (high - low), 0.005);
    return { low: low - room, high: high + room };
  }
}

function line(pen, points) {
  if (points.length < 2) return;
  pen.beginPath();
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}
