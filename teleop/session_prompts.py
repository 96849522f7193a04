"""What a session tells the person to do."""

from teleop.session_rules import Situation
from teleop.session_setup import Mode
from teleop.session_state import Phase


def prompt_for(situation: Situation, mode: Mode, *, task: str, guided: str, hint: str) -> str:
    """One sentence.

    Args:
        situation: where the session stands.
        mode: what is recorded.
        task: in words.
        guided: what play lacks; "" for demonstrations.
        hint: what the person should know of the own doing; "" for nothing.
    """
    match situation.phase:
        case Phase.READY if mode == "play":
            return "put the things in place, then start: play with them"
        case Phase.READY:
            return f"put the things in place, then start: {task}" if task else "put the things in place, then start"
        case Phase.RESETTING:
            return "hands off: the robot goes to its start"
        case Phase.COUNTDOWN:
            return "get ready; let go of the controls until it counts down to 0"
        case Phase.RECORDING if situation.asked is not None:
            return "the episode ends"
        case Phase.RECORDING if hint:
            return hint
        case Phase.RECORDING if mode == "play":
            return guided
        case Phase.RECORDING:
            return f"{task}: then say success or failure" if task else "show the task: then say success or failure"
        case Phase.REVIEW if situation.is_refused:
            return "the recording was poor: redo or discard it, or say once more that it is to be kept"
        case Phase.REVIEW:
            return "how did it go? success, failure, unsure or keep; redo or discard throws it away"
        case Phase.SAVING:
            return "saving"
        case Phase.STOPPED:
            return "look at the robot, then clear the stop"
        case Phase.FINISHED:
            return "the session is over"
