"""How a driver does what a conversation of :mod:`optiga.link` asks for, step by step."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

Step = TypeVar("Step")
Learned = TypeVar("Learned")
Result = TypeVar("Result")


def carry(
    conversation: Generator[Step, Learned, Result],
    do: Callable[[Step], Learned],
    *,
    on_failure: Callable[[], None] = lambda: None,
) -> Result:
    """Do what a conversation asks for, to its end; its result.

    :param do: does a step, and says what the conversation learns of it. What it raises is thrown into the conversation.
    :param on_failure: is called before that.
    """
    try:
        step = next(conversation)
        while True:
            try:
                learned = do(step)
            except BaseException as error:
                on_failure()
                step = conversation.throw(error)
            else:
                step = conversation.send(learned)
    except StopIteration as end:
        result: Result = end.value
        return result
