"""What a laboratory's own script does with openpi's client; run as `python openpi_caller.py PORT`, prints JSON."""

import json
import sys

import numpy as np
from openpi_client.websocket_client_policy import WebsocketClientPolicy


def main() -> None:
    client = WebsocketClientPolicy(host="127.0.0.1", port=int(sys.argv[1]))
    image = np.zeros((16, 16, 3), np.uint8)
    request = {
        "observation/state": np.arange(6, dtype=np.float64),
        "observation/images/front": image,
        "observation/images/wrist": image,
        "prompt": "reach",
    }
    answers = [client.infer(request) for _ in range(2)]
    try:
        client.infer({"prompt": "reach"})
        error = None
    except RuntimeError as caught:
        error = str(caught)
    report = {
        "metadata": client.get_server_metadata(),
        "actions": answers[0]["actions"].tolist(),
        "dtype": str(answers[0]["actions"].dtype),
        "timing": [answer["server_timing"] for answer in answers],
        "policy_timing": answers[0]["policy_timing"],
        "error": error,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
