"""How a job ended that gave no labels, in one sentence for the person."""

from maskloop.jobs.messages import Cancelled, Crashed, Event, Failed


def describe_end(event: Event) -> str:
    """Say how a job ended; an empty text for one that went well."""
    match event:
        case Cancelled():
            return "Stopped; no labels were changed."
        case Failed(reason=reason):
            return reason
        case Crashed(exit_code=code, log=log):
            last = log.strip().splitlines()[-1:] or ["it left no message"]
            killed = " It may have run out of memory." if code is not None and code < 0 else ""
            return (
                f"The worker process ended unexpectedly (exit code {code}).{killed} Its last words: {last[0]}. "
                "Try again."
            )
    return ""
