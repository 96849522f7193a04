// The stop button: a plain form, so that it works without this script, which adds an answer and the Escape key.

const NO_ANSWER = "The stop got no answer. If the robot moves, cut its power.";

/** `tell(text)` is told what became of a press; "" when the robot is stopped. */
export function watchStop(form, tell) {
  async function stop() {
    try {
      const answer = await fetch(form.action, { method: "POST", signal: AbortSignal.timeout(2000) });
      if (!answer.ok) throw new Error(answer.status);
      tell("");
    } catch {
      tell(NO_ANSWER);
    }
  }
  form.addEventListener("submit", event => {
    event.preventDefault();
    stop();
  });
  document.addEventListener("keydown", event => { if (event.key === "Escape") stop(); });
}
