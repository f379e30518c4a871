"""A recorded cycle run again: the same steps on the same inputs, without a world around them."""

from btcbot_core.cycle.answering import answered
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.recording import Saw, restore_second
from btcbot_core.cycle.stages import Stage
from btcbot_core.cycle.steps import Steps


def rerun(stage: Stage, gathered: Cycle, saw: Saw) -> Cycle:
    """What the cycle comes to today; `app/runner.py` is the same turn with the world in it."""
    cycle = _run(stage.decide, _run(stage.settle, gathered))
    if cycle.intents or cycle.cancels:
        for answer in saw.answers:
            # An answer to what is not sent today has nobody to settle it: the events will differ.
            if answer.client_id in cycle.carried.orders:
                cycle = answered(cycle, answer)
        cycle = _run(stage.settle, restore_second(saw, cycle))
    return _run(stage.close, cycle)


def _run(steps: Steps, cycle: Cycle) -> Cycle:
    for step in steps:
        cycle = step(cycle)
    return cycle
