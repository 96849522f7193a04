// Poses of WebXR: of a headset's controller, or of a phone held in the hand, while its trigger or the screen is held.

const BUTTON_B = 5; // of the mapping "xr-standard": B or Y, which stops the robot

/** Which session this browser offers, or why none: {mode, why}. */
export async function offered() {
  if (!window.isSecureContext) {
    return { why: "Browsers track poses on pages with TLS only: start with --phone.tls-certificate and --phone.tls-key." };
  }
  if (!navigator.xr) return { why: "This browser has no WebXR; the pads work." };
  for (const mode of ["immersive-ar", "immersive-vr"]) {
    if (await navigator.xr.isSessionSupported(mode).catch(() => false)) return { mode };
  }
  return { why: "This device tracks no pose; the pads work." };
}

/** Calls pose({time, position, rotation, heading}) each frame while held, pose(null) otherwise. */
export class Tracker {
  constructor(handlers) { // pose(pose or null), gripper(), stop(), ended()
    this.handlers = handlers;
    // A touch of what is on the screen is no trigger.
    document.addEventListener("beforexrselect", event => {
      if (event.target.closest?.("button, input, .pad")) event.preventDefault();
    });
    this.held = null; // the input source that moves the robot
  }

  async start(mode) {
    const session = await navigator.xr.requestSession(mode, {
      optionalFeatures: ["dom-overlay", "local-floor"], domOverlay: { root: document.body },
    });
    this.session = session;
    const drop = () => { this.held = null; this.handlers.pose(null); };
    session.addEventListener("selectstart", event => { this.held = event.inputSource; this.heading = null; });
    session.addEventListener("selectend", event => { if (event.inputSource === this.held) drop(); });
    session.addEventListener("squeezestart", () => this.handlers.gripper());
    session.addEventListener("visibilitychange", () => { if (session.visibilityState !== "visible") drop(); });
    session.addEventListener("end", () => { drop(); this.handlers.ended(); });
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl", { xrCompatible: true });
    session.updateRenderState({ baseLayer: new XRWebGLLayer(session, gl) });
    this.space = await session.requestReferenceSpace("local");
    const frame = (time, xr) => {
      session.requestAnimationFrame(frame);
      gl.bindFramebuffer(gl.FRAMEBUFFER, session.renderState.baseLayer.framebuffer);
      gl.clear(gl.COLOR_BUFFER_BIT);
      this.look(time, xr);
    };
    session.requestAnimationFrame(frame);
  }

  end() { this.session?.end(); }

  look(time, xr) {
    const presses = [...this.session.inputSources].some(source => source.gamepad?.buttons[BUTTON_B]?.pressed);
    if (presses && !this.wasPressed) this.handlers.stop();
    this.wasPressed = presses;
    if (!this.held) return;
    const viewer = xr.getViewerPose(this.space);
    const moved = this.held.gripSpace ? xr.getPose(this.held.gripSpace, this.space) : viewer;
    if (!viewer || !moved || moved.emulatedPosition) {
      this.heading = null;
      this.handlers.pose(null); // the tracking is lost
      return;
    }
    this.heading ??= heading(viewer.transform.orientation);
    const { position: p, orientation: q } = moved.transform;
    this.handlers.pose({
      time: time / 1000, position: [p.x, p.y, p.z], rotation: [q.x, q.y, q.z, q.w], heading: this.heading,
    });
  }
}

/** Which way a viewer looks, about y from along -z, to the left [rad]. */
function heading({ x, y, z, w }) {
  return Math.atan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y));
}
