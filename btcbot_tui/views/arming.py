"""What the dialog that arms says at each of its steps, made from the newest frame alone."""

from btcbot_core.app.arming import ArmCheck, ArmingView
from btcbot_core.app.lease import LeaseLimits
from btcbot_tui import format as fmt
from btcbot_tui.texts import Words

_SEEN_LENGTH_MAX = 34
_HOST_LENGTH_MAX = 80


def checks_told(arming: ArmingView, words: Words) -> str:
    """Every condition with what was seen, and ok or NO in words."""
    if not arming.checks:
        return words.arm_wait
    cells = max(len(fmt.clean(check.name, 24)) for check in arming.checks)
    return "\n".join(_check(check, cells, words) for check in arming.checks)


def _check(check: ArmCheck, cells: int, words: Words) -> str:
    told = f"  {words.arm_ok}" if check.is_ok else f"▲ {words.arm_no}"
    return (
        f"{told}  {fmt.clean(check.name, 24):<{cells}}  {fmt.clean(check.seen, _SEEN_LENGTH_MAX)}"
    )


def holds(arming: ArmingView) -> bool:
    """Whether all that must be true is. No condition at all is none that holds."""
    return bool(arming.checks) and not arming.refused_by


def limits_told(limits: LeaseLimits | None, quote: str, words: Words) -> str:
    """What a lease would grant."""
    if limits is None:
        return words.arm_no_limits
    return words.arm_limits.format(
        order=fmt.number(limits.max_order_try),
        exposure=fmt.number(limits.max_exposure_try),
        quote=fmt.clean(quote, 8),
        orders=limits.max_open_orders,
        pairs=" ".join(fmt.clean(symbol, 20) for symbol in limits.symbols),
    )


def phrase_told(phrase: str, words: Words) -> str:
    shown = fmt.clean(phrase, _HOST_LENGTH_MAX)
    return words.arm_type.format(phrase=shown) if phrase else words.arm_wait


def outcome_told(arming: ArmingView, is_answered: bool, words: Words) -> str:
    """What became of the attempt: asked, refused, armed, confirmed, or taken back."""
    if not is_answered:
        return words.arm_asked
    if arming.refused:
        reasons = arming.refused.removeprefix("not armed: ").split("; ")
        return "\n".join((words.arm_refused, *(f"▲ {fmt.clean(reason)}" for reason in reasons)))
    lease = arming.lease
    if not lease.is_armed:
        return words.arm_back.format(because=fmt.clean(lease.ended_because, 120))
    told = words.arm_awaited if arming.is_first_act_awaited else words.arm_confirmed
    left = words.arm_unending if lease.left_s is None else fmt.minutes(lease.left_s)
    return "\n".join((told.format(left=left), words.arm_goes_on))
