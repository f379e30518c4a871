"""A turn's phases as a pipeline, with the one that runs now marked."""

from collections.abc import Sequence

from btcbot_tui.ink import Ink, Line, Span, clipped, span, width

_ARROWS = (Span(" ▸ ", Ink.DIM), Span("▸", Ink.DIM))


def pipeline(phases: Sequence[str], running: str, cells: int) -> Line:
    """`gather ▸ settle ▸ [decide] ▸ dispatch`; too narrow, it starts at what runs before now."""
    for arrow in _ARROWS:
        drawn = _joined(phases, running, arrow)
        if width(drawn) <= cells:
            return drawn
    index = phases.index(running) if running in phases else 0
    lead = span("… " if index > 1 else "", Ink.DIM)
    return clipped((lead, *_joined(phases[max(0, index - 1) :], running, arrow)), cells)


def _joined(phases: Sequence[str], running: str, arrow: Span) -> Line:
    """Every phase once; a name that a turn passes twice is marked where it stands first."""
    pieces: list[Span] = []
    is_marked = False
    for phase in phases:
        if pieces:
            pieces.append(arrow)
        if phase == running and not is_marked:
            is_marked = True
            pieces.append(span(f"[{phase}]", Ink.STRONG))
        else:
            pieces.append(span(phase, Ink.DIM if running else Ink.PLAIN))
    return tuple(pieces)
