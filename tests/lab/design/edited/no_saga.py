async def book(amount: int) -> dict[str, str]:
    """Ask the hotel."""
    # TODO: a timeout
    return {"room": str(amount)}
