// A thumb pad: how far a finger is from where it touched, as two shares of full deflection. Lifted, it is at rest.

const REACH = 0.36; // of the pad's smaller side, for full deflection

export class Pad {
  /** `changed()` is called at every touch, move and lift. */
  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    this.finger = null;
    this.knob = document.createElement("i");
    element.append(this.knob);
    element.addEventListener("pointerdown", event => this.touch(event));
    element.addEventListener("pointermove", event => this.move(event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(kind, event => { if (event.pointerId === this.finger) this.lift(); });
    }
    element.addEventListener("contextmenu", event => event.preventDefault());
    this.lift();
  }

  get isHeld() { return this.finger !== null; }

  touch(event) {
    if (this.isHeld) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.finger = event.pointerId;
    this.origin = [event.clientX, event.clientY];
    this.element.classList.add("held");
    this.move(event);
  }

  move(event) {
    if (event.pointerId !== this.finger) return;
    const reach = REACH * Math.min(this.element.clientWidth, this.element.clientHeight);
    const dx = (event.clientX - this.origin[0]) / reach, dy = (this.origin[1] - event.clientY) / reach;
    const shorten = Math.max(1, Math.hypot(dx, dy));
    this.right = dx / shorten;
    this.up = dy / shorten;
    this.knob.style.transform = `translate(${this.right * reach}px, ${-this.up * reach}px)`;
    this.changed();
  }

  lift() {
    this.finger = null;
    this.right = this.up = 0;
    this.knob.style.transform = "";
    this.element.classList.remove("held");
    this.changed();
  }

  /** Words at the four ends. */
  label(up, down, left, right) {
    for (const [end, word] of Object.entries({ up, down, left, right })) {
      let element = this.element.querySelector(`.${end}`);
      if (!element) {
        element = document.createElement("span");
        element.className = end;
        this.element.append(element);
      }
      element.textContent = word;
    }
  }
}
