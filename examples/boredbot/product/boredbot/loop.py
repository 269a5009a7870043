"""The robot: says every minute that it is bored. A service that is down is asked again, ever more slowly."""

import pathlib
import time

from boredbot.services import call

EVERY = 60
LONGEST_PAUSE = 600
# The probe looks whether it is young.
ALIVE = pathlib.Path("/tmp/alive")

if __name__ == "__main__":
    pause = EVERY
    while True:
        ALIVE.touch()
        try:
            call("UPDATE", "/updates", {"text": "I'm bored"})
            pause = EVERY
        except Exception as error:  # One failed call does not end the process.
            pause = min(pause * 2, LONGEST_PAUSE)
            print(f"not told: {type(error).__name__}; again in {pause} s", flush=True)
        for _ in range(pause // 10):
            ALIVE.touch()
            time.sleep(10)
