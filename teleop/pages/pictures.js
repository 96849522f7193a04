// Live camera pictures. A message has the length of its headings (4 bytes), the headings as JSON, then the JPEGs.

const STALE = 1; // a picture older than this says so [s]

export class Pictures {
  constructor(container) {
    this.container = container;
    this.cameras = new Map(); // name -> {canvas, note, captured}
    setInterval(() => this.showAges(), 250);
  }

  /** Resolves when the pictures of a message are on the screen. */
  async show(message) {
    const length = new DataView(message).getUint32(0);
    const headings = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
    let offset = 4 + length;
    await Promise.all(headings.map(({ camera, age, size }) => {
      const jpeg = new Blob([new Uint8Array(message, offset, size)], { type: "image/jpeg" });
      offset += size;
      return this.draw(camera, age, jpeg);
    }));
  }

  async draw(camera, age, jpeg) {
    const shown = this.cameras.get(camera) ?? this.add(camera);
    const picture = await createImageBitmap(jpeg);
    shown.canvas.width = picture.width;
    shown.canvas.height = picture.height;
    shown.canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    shown.captured = performance.now() - 1000 * age;
  }

  add(camera) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const canvas = document.createElement("canvas"), note = document.createElement("b");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `live picture of camera ${camera}`);
    caption.append(camera.replaceAll("_", " "), note);
    figure.append(canvas, caption);
    figure.dataset.camera = camera;
    this.container.append(figure);
    this.container.hidden = false;
    const shown = { figure, canvas, note, captured: 0 };
    this.cameras.set(camera, shown);
    return shown;
  }

  showAges() {
    for (const { figure, note, captured } of this.cameras.values()) {
      const age = (performance.now() - captured) / 1000;
      figure.classList.toggle("stale", age > STALE);
      note.textContent = age > STALE ? `${age.toFixed(0)} s old` : "live";
    }
  }
}
