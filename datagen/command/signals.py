"""Signals of the process: what they ask of the command. Imports nothing that takes time."""

import os
import signal
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """What was asked for by signals. A handler only notes that: what it interrupts may be writing or importing."""

    def __init__(self) -> None:
        self.asked_to_stop = False
        self.asked_for_status = False
        self.run_has_begun = False  # else there is nothing to end at a record boundary

    def listen(self, stopped: int) -> None:
        """Note signals from now on. One that comes before a run has begun ends the process, with exit code ``stopped``.

        A second one of the same kind ends the run at once. A SIGHUP that is ignored, as under nohup, stays so.
        """

        def stop(number: int, _: FrameType | None) -> None:
            if not self.run_has_begun:
                os._exit(stopped)
            signal.signal(number, signal.SIG_DFL)
            self.asked_to_stop = True

        def status(*_: object) -> None:
            self.asked_for_status = self.run_has_begun

        for number in _ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)
        signal.signal(signal.SIGUSR1, status)
